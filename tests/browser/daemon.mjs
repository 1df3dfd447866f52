// Starts the real daemon with the fake worker on a state of its own, and gives it a sweep.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Daemon {
  static async start({ binary, worker, devices = "cpu:2", pack = 1 }) {
    const daemon = new Daemon();
    daemon.folder = mkdtempSync(join(tmpdir(), "sweetspot-browser-"));
    daemon.command = [binary, ["serve", "--state", join(daemon.folder, "state"), "--devices", devices, "--worker", worker,
      "--pack", String(pack)]];
    await daemon.listen("127.0.0.1:0");
    return daemon;
  }

  /** Runs until it says where it is. */
  async listen(address) {
    const [binary, options] = this.command;
    this.process = spawn(binary, [...options, "--listen", address], { stdio: ["ignore", "ignore", "pipe"] });
    this.said = "";
    this.url = await new Promise((resolve, reject) => {
      this.process.on("exit", (code) => reject(new Error(`the daemon ended with ${code}:\n${this.said}`)));
      this.process.on("error", reject);
      this.process.stderr.on("data", (bytes) => {
        this.said += bytes;
        const found = this.said.match(/http:\/\/[^\s/]+\//);
        if (found) resolve(found[0]);
      });
    });
  }

  stop() {
    return new Promise((resolve) => {
      if (this.process.exitCode !== null) return resolve();
      this.process.once("exit", resolve);
      this.process.kill("SIGTERM");
    });
  }

  async restart() {
    await this.stop();
    await this.listen(new URL(this.url).host);
  }

  async end() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  async get(path) {
    const answer = await fetch(new URL(`api/v1/${path}`, this.url));
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** How the fake workers behave from their next run on: see tests/fake_worker/script.h. */
  script(document) {
    writeFileSync(join(this.folder, "state", "fake.json"), JSON.stringify(document));
  }

  async post(path, document) {
    const answer = await fetch(new URL(`api/v1/${path}`, this.url), {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(document),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** A directory that looks like a model with this configuration. */
  model(label, config) {
    const directory = join(this.folder, label);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "config.json"), JSON.stringify(config));
    writeFileSync(join(directory, "model.safetensors"), "");
    return directory;
  }

  /** What a sweep file says of a corpus that is there by name only. */
  corpus(language) {
    const directory = join(this.folder, language);
    mkdirSync(directory, { recursive: true });
    for (const split of ["train", "dev", "test"]) writeFileSync(join(directory, `${split}.tsv`), "path\tsentence\n");
    return { path: directory };
  }

  /** Submits a grid of two depths x two languages x LoRA off and on (x further axes), with the models and corpora it names. */
  submit(name, axes = {}) {
    return this.post("sweeps", {
      name,
      axes: {
        encoder: [this.model("tiny-encoder", { d_model: 64, encoder_layers: 4, encoder_ffn_dim: 256 })],
        layers: [4, 2], language: ["da", "en"], lora: [false, true], ...axes,
      },
      corpora: { da: this.corpus("da"), en: this.corpus("en") },
      llm: this.model("tiny-llm", { hidden_size: 64 }),
      train: { epochs: 3 },
    });
  }
}
