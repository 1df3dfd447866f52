// What every device does now, above each view.
import { useEffect } from "preact/hooks";
import type { Device, DeviceList } from "../api/schema";
import { cellLabel, percent } from "../format";
import { links } from "../router";
import { loadRun, runs } from "../store/runs";
import { useResource } from "../store/resource";
import { deviceStates, text } from "../text";
import { ShareBar } from "./progress";

export function DeviceStrip() {
  const { data } = useResource<DeviceList>("devices", "devices");
  if (!data?.items.length) return null;
  return (
    <aside class="strip" aria-label={text.devices.strip}>
      <ul>{data.items.map((device) => <DeviceChip key={device.name} device={device} />)}</ul>
    </aside>
  );
}

function DeviceChip({ device }: { device: Device }) {
  const state = device.drained ? text.devices.drained : deviceStates[device.state];
  return (
    <li class="chip">
      <a href={links.devices}>{device.name}</a>
      {device.runs.length === 0 ? <span class="faint">{state}</span> : device.runs.map((run) => <RunLink key={run} id={run} />)}
    </li>
  );
}

/** A run by its configuration, with how far it is. */
export function RunLink({ id }: { id: string }) {
  const run = runs.value.get(id);
  useEffect(() => {
    if (!runs.peek().has(id)) loadRun(id).catch(() => undefined);  // the link stands without its label
  }, [id]);
  if (!run) return <a href={links.run(id)}>{id}</a>;
  const share = run.steps > 0 ? run.step / run.steps : 0;
  return (
    <span class="doing">
      <a href={links.run(id)}>{cellLabel(run)}</a>
      {run.phase && <span class="faint">{run.phase}</span>}
      {run.steps > 0 && <ShareBar share={share} label={text.progress.step(run.phase, percent(share, 0))} />}
    </span>
  );
}
