// A page that remembers what must not happen: requests to other hosts, errors, warnings of the content policy.
import { chromium } from "playwright-core";

const programs = [process.env.SWEETSPOT_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export async function launch(existsSync) {
  const executablePath = programs.find((path) => path && existsSync(path));
  if (!executablePath) return null;
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
}

export async function watchedPage(browser, origin, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== origin) page.faults.push(`asked another host: ${url}`);
  });
  page.on("pageerror", (error) => page.faults.push(`threw: ${error.stack}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.faults.push(`console: ${message.text()}`);
  });
  return page;
}
