// What a submit would do: how many runs of what, what is left out by which rule, how long, how much disk.
import { getJson } from "../../api/client";
import type { ArtifactList, DeviceList, Plan, RunPage } from "../../api/schema";
import { bytes, count, duration } from "../../format";
import { useFetched } from "../../store/resource";
import { text } from "../../text";
import { Scroll } from "../scroll";

const excludedShown = 20;

export function PlanView({ plan, rules }: { plan: Plan; rules: readonly unknown[] }) {
  return (
    <section aria-labelledby="plan-title" class="plan">
      <h2 id="plan-title">{text.submit.plan}</h2>
      <p class="verdict">{text.submit.cells(plan.cells)}</p>
      <dl class="axes">
        {Object.entries(plan.axes).map(([axis, values]) => (
          <div key={axis}><dt>{axis}</dt><dd>{values.map((value) => <code key={String(value)}>{String(value)}</code>)}</dd></div>
        ))}
      </dl>
      <Sizes plan={plan} />
      <Cost plan={plan} />
      {plan.excluded.length > 0 && <Excluded plan={plan} rules={rules} />}
    </section>
  );
}

/** How large each kind of cell is, and what no device here can hold. */
function Sizes({ plan: { sizes, devices } }: { plan: Plan }) {
  if (!sizes?.length) return null;
  const { columns } = text.submit;
  return (
    <>
      {devices.filter((device) => device.too_large).map((device) => (
        <p key={device.name} class="trouble">{text.submit.tooLarge(device.name, bytes(device.memory ?? 0), device.too_large ?? 0)}</p>
      ))}
      <details>
        <summary>{text.submit.sizes(bytes(Math.max(...sizes.map((size) => size.memory.total))))}</summary>
        <Scroll label={text.submit.plan} file="plan">
          <table class="list">
            <thead><tr>{Object.values(columns).map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
            <tbody>
              {sizes.map((size) => (
                <tr key={`${size.encoder} ${size.layers} ${size.lora}`}>
                  <th scope="row">{text.spot.configuration(size.encoder, size.layers, size.lora)}</th>
                  <td class="number">{size.cells}</td>
                  <td class="number">{count(size.parameters.encoder)}</td>
                  <td class="number">{count(size.parameters.projector + size.parameters.adapter)}</td>
                  <td class="number">{bytes(size.memory.total)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </>
  );
}

function Excluded({ plan, rules }: { plan: Plan; rules: readonly unknown[] }) {
  return (
    <details>
      <summary>{text.submit.excluded(plan.excluded.length)}</summary>
      <ul>
        {plan.excluded.slice(0, excludedShown).map(({ point, rule }, i) => (
          <li key={i}>{Object.entries(point).map(([axis, value]) => `${axis} ${value}`).join(", ")}: {text.submit.byRule} <code>{JSON.stringify(rules[rule] ?? rule)}</code></li>
        ))}
      </ul>
      {plan.excluded.length > excludedShown && <p class="faint">{text.submit.andMore(plan.excluded.length - excludedShown)}</p>}
    </details>
  );
}

/** By the newest runs of the same encoders here; where there is none, nobody knows. */
function Cost({ plan }: { plan: Plan }) {
  const encoders = plan.axes.encoder ?? [];
  const before = useFetched(`cost of ${encoders.join()}`, "never", (signal) => experience(encoders.map(String), signal));
  if (!before.data) return null;
  const { seconds, size, runs, devices } = before.data;
  if (runs === 0) return <p class="faint">{text.submit.costUnknown}</p>;
  return <p>{text.submit.cost(duration((plan.cells * seconds) / Math.max(1, devices)), devices, bytes(plan.cells * size), runs, duration(seconds))}</p>;
}

async function experience(encoders: readonly string[], signal: AbortSignal) {
  const named = encoders.map((encoder) => `&encoder=${encodeURIComponent(encoder)}`).join("");
  const { items } = await getJson<RunPage>(`runs?state=succeeded&sort=-ended_at&limit=50${named}`, signal);
  const own = items.filter((run) => run.started_at && run.ended_at);
  const seconds = own.map((run) => (Date.parse(run.ended_at!) - Date.parse(run.started_at!)) / 1000);
  const { items: devices } = await getJson<DeviceList>("devices", signal);
  const files = own[0] ? (await getJson<ArtifactList>(`runs/${own[0].id}/artifacts`, signal)).items : [];
  return {
    runs: own.length, devices: devices.filter((device) => !device.drained).length,
    seconds: seconds.reduce((sum, one) => sum + one, 0) / Math.max(1, own.length),
    size: files.reduce((sum, file) => sum + file.size, 0),
  };
}
