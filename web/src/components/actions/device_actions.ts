import { send } from "../../api/client";
import type { Device } from "../../api/schema";
import { text } from "../../text";
import type { Action } from "./bar";

export function deviceActions(device: Device): Action[] {
  const { actions } = text;
  const path = (action: string) => `devices/${device.name}/actions/${action}`;
  if (device.drained) {
    return [{ kind: "resume", name: actions.undrain, preview: actions.undrainPreview(device.name), act: () => send("POST", path("resume")).then(() => actions.undrained(device.name)) }];
  }
  return [{
    kind: "drain", name: actions.drain, preview: actions.drainPreview(device.name, device.runs.length),
    act: () => send("POST", path("drain")).then(() => actions.drained(device.name)),
  }];
}
