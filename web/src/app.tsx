// The frame around every view: name, navigation, devices, connection.
import { tokenWanted } from "./api/token";
import { Banner } from "./components/banner";
import { DeviceStrip } from "./components/device_strip";
import { Help } from "./components/help";
import { ThemeSwitch } from "./components/theme_switch";
import { TokenForm } from "./components/token_form";
import { helpOpen } from "./keys";
import { links, route } from "./router";
import { text } from "./text";
import { ApiView } from "./views/api";
import { CompareView } from "./views/compare";
import { DevicesView } from "./views/devices";
import { RunView } from "./views/run";
import { SubmitView } from "./views/submit";
import { SweepView } from "./views/sweep";
import { SweepsView } from "./views/sweeps";
import { UnknownView } from "./views/unknown";

export function App() {
  const { view } = route.value;
  return (
    <>
      <a class="skip" href="#main" onClick={focusMain}>{text.skip}</a>
      <header class="top">
        <a class="brand" href={links.sweeps} aria-label={text.product}><img src="./icon.svg" alt="" width="24" height="24" /><span>{text.product}</span></a>
        <nav aria-label={text.nav.label}>
          <a href={links.sweeps} aria-current={view === "sweeps" ? "page" : undefined}>{text.nav.sweeps}</a>
          <a href={links.submit} aria-current={view === "submit" ? "page" : undefined}>{text.nav.submit}</a>
          <a href={links.devices} aria-current={view === "devices" ? "page" : undefined}>{text.nav.devices}</a>
          <a href={links.api} aria-current={view === "api" ? "page" : undefined}>{text.nav.api}</a>
        </nav>
        <button type="button" class="plain keys" aria-label={text.nav.keys} title={text.nav.keys} onClick={() => (helpOpen.value = true)}>?</button>
        <ThemeSwitch />
      </header>
      <Banner />
      <DeviceStrip />
      <main id="main" tabIndex={-1}>{tokenWanted.value ? <TokenForm /> : <View />}</main>
      <Help />
    </>
  );
}

function View() {
  const { view, id } = route.value;
  switch (view) {
    case "sweeps": return <SweepsView />;
    case "sweep": return <SweepView key={id} id={id} />;
    case "run": return <RunView key={id} id={id} />;
    case "compare": return <CompareView />;
    case "devices": return <DevicesView />;
    case "submit": return <SubmitView />;
    case "api": return <ApiView />;
    case "unknown": return <UnknownView />;
  }
}

function focusMain(event: MouseEvent) {
  event.preventDefault();  // the hash is the address of the view
  document.getElementById("main")?.focus();
}
