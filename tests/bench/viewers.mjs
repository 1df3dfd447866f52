// Dashboards that are open, in a process of their own, so that what they cost is not counted as the daemon's:
//   node viewers.mjs ADDRESS SWEEP HOW_MANY    until its input ends; then it prints what the least of them got
// Each hears the events, and asks again for what its page would, once a second at most.
const [address, sweep, count] = process.argv.slice(2);
const paths = [`sweeps/${sweep}`, `sweeps/${sweep}/tables/wer`, `sweeps/${sweep}/tables/sweet-spot`];

async function view(told) {
  const { body } = await fetch(new URL("api/v1/events", address));
  let asked = 0;
  for await (const bytes of body) {
    told.bytes += bytes.length;
    if (performance.now() - asked < 1000 || !/event: run/.test(new TextDecoder().decode(bytes))) continue;
    asked = performance.now();
    void Promise.all(paths.map(async (path) => {
      const answer = await fetch(new URL(`api/v1/${path}`, address));
      await answer.text();
      told.answers += Number(answer.ok);
    })).catch(() => undefined);
  }
}

const told = Array.from({ length: Number(count) }, () => ({ bytes: 0, answers: 0 }));
for (const one of told) view(one).catch(() => undefined);
process.stdin.resume().on("end", () => {
  const least = (of) => Math.min(...told.map((one) => one[of]));
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ bytes: least("bytes"), answers: least("answers"), seconds: (user + system) / 1e6 }));
  process.exit(0);
});
