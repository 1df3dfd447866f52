import { useEffect } from "preact/hooks";
import type { Device, DeviceList, Worker, WorkerList } from "../api/schema";
import { RunLink } from "../components/device_strip";
import { Empty, Waiting } from "../components/problem";
import { ActionBar } from "../components/actions/bar";
import { deviceActions } from "../components/actions/device_actions";
import { Scroll } from "../components/scroll";
import { Ago } from "../components/time";
import { ShareBar } from "../components/progress";
import { bytes, percent } from "../format";
import { useResource } from "../store/resource";
import { announce } from "../store/topics";
import { deviceStates, text, workerStates } from "../text";
import { useTitle } from "./title";

const lookEvery = 5000;  // how busy a device is comes with no event

export function DevicesView() {
  useTitle(text.devices.title);
  useEffect(() => {
    const timer = setInterval(() => { if (!document.hidden) announce("devices"); }, lookEvery);
    return () => clearInterval(timer);
  }, []);
  const devices = useResource<DeviceList>("devices", "devices");
  const workers = useResource<WorkerList>("workers", "devices");
  return (
    <>
      <h1>{text.devices.title}</h1>
      {!devices.data ? <Waiting problem={devices.problem} />
        : devices.data.items.length === 0 ? <Empty says={text.devices.empty} command={text.devices.emptyCommand} />
        : <DeviceTable devices={devices.data.items} />}
      <h2>{text.devices.workers}</h2>
      {!workers.data ? <Waiting problem={workers.problem} />
        : workers.data.items.length === 0 ? <Empty says={text.devices.workersEmpty} />
        : <WorkerTable workers={workers.data.items} />}
    </>
  );
}

function DeviceTable({ devices }: { devices: Device[] }) {
  const { columns } = text.devices;
  return (
    <Scroll label={text.devices.strip} file="devices">
      <table class="list">
        <thead>
          <tr>{[columns.name, columns.state, columns.load, columns.memory, columns.worker, columns.runs, columns.act].map((name) => <th key={name} scope="col" class={name === columns.memory ? "number" : ""}>{name}</th>)}</tr>
        </thead>
        <tbody>
          {devices.map((device) => (
            <tr key={device.name} data-row={device.name}>
              <th scope="row">{device.name}</th>
              <td>{deviceStates[device.state]}{device.drained && `, ${text.devices.drained}`}{device.problem && <p class="trouble">{device.problem}</p>}</td>
              <td>{device.utilization === null ? text.none : <><ShareBar share={device.utilization} label={text.devices.columns.load} /> {percent(device.utilization, 0)}</>}</td>
              <td class="number">{memoryOf(device)}</td>
              <td>{device.worker ?? text.none}</td>
              <td><RunLinks runs={device.runs} /></td>
              <td><ActionBar label={device.name} actions={deviceActions(device)} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function memoryOf({ memory, memory_used: used }: Device): string {
  if (memory === null) return text.none;
  return used === null ? bytes(memory) : text.devices.of(bytes(used), bytes(memory));
}

function WorkerTable({ workers }: { workers: Worker[] }) {
  const { workerColumns: columns } = text.devices;
  const names = [columns.id, columns.device, columns.state, columns.pid, columns.started, columns.build, columns.runs];
  return (
    <Scroll label={text.devices.workers} file="workers">
      <table class="list">
        <thead><tr>{names.map((name) => <th key={name} scope="col" class={name === columns.pid ? "number" : ""}>{name}</th>)}</tr></thead>
        <tbody>
          {workers.map((worker) => (
            <tr key={worker.id}>
              <th scope="row">{worker.id}</th>
              <td>{worker.device}</td>
              <td>{workerStates[worker.state]}</td>
              <td class="number">{worker.pid || text.none}</td>
              <td><Ago time={worker.started_at} /></td>
              <td>{worker.build || text.none}</td>
              <td><RunLinks runs={worker.runs} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function RunLinks({ runs }: { runs: string[] }) {
  return runs.length ? <>{runs.map((run) => <RunLink key={run} id={run} />)}</> : <>{text.none}</>;
}
