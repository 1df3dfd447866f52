import type { Device, DeviceList, Worker, WorkerList } from "../api/schema";
import { RunLink } from "../components/device_strip";
import { Empty, Waiting } from "../components/problem";
import { ActionBar } from "../components/actions/bar";
import { deviceActions } from "../components/actions/device_actions";
import { Scroll } from "../components/scroll";
import { Ago } from "../components/time";
import { bytes } from "../format";
import { useResource } from "../store/resource";
import { deviceStates, text, workerStates } from "../text";
import { useTitle } from "./title";

export function DevicesView() {
  useTitle(text.devices.title);
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
    <Scroll label={text.devices.strip}>
      <table class="list">
        <thead>
          <tr>{[columns.name, columns.state, columns.memory, columns.worker, columns.runs, columns.act].map((name) => <th key={name} scope="col">{name}</th>)}</tr>
        </thead>
        <tbody>
          {devices.map((device) => (
            <tr key={device.name} data-row={device.name}>
              <th scope="row">{device.name}</th>
              <td>{deviceStates[device.state]}{device.drained && `, ${text.devices.drained}`}{device.problem && <p class="trouble">{device.problem}</p>}</td>
              <td class="number">{device.memory ? bytes(device.memory) : text.none}</td>
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

function WorkerTable({ workers }: { workers: Worker[] }) {
  const { workerColumns: columns } = text.devices;
  const names = [columns.id, columns.device, columns.state, columns.pid, columns.started, columns.build, columns.runs];
  return (
    <Scroll label={text.devices.workers}>
      <table class="list">
        <thead><tr>{names.map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
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
