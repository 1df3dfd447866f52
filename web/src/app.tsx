// The frame around every view: name, navigation, devices, connection.
import { tokenWanted } from "./api/token";
import { Banner } from "./components/banner";
import { DeviceStrip } from "./components/device_strip";
import { ThemeSwitch } from "./components/theme_switch";
import { TokenForm } from "./components/token_form";
import { links, route } from "./router";
import { text } from "./text";
import { DevicesView } from "./views/devices";
import { RunView } from "./views/run";
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
          <a href={links.devices} aria-current={view === "devices" ? "page" : undefined}>{text.nav.devices}</a>
        </nav>
        <ThemeSwitch />
      </header>
      <Banner />
      <DeviceStrip />
      <main id="main" tabIndex={-1}>{tokenWanted.value ? <TokenForm /> : <View />}</main>
    </>
  );
}

function View() {
  const { view, id } = route.value;
  switch (view) {
    case "sweeps": return <SweepsView />;
    case "sweep": return <SweepView key={id} id={id} />;
    case "run": return <RunView key={id} id={id} />;
    case "devices": return <DevicesView />;
    case "unknown": return <UnknownView />;
  }
}

function focusMain(event: MouseEvent) {
  event.preventDefault();  // the hash is the address of the view
  document.getElementById("main")?.focus();
}
