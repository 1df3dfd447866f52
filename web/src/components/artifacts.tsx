import type { ArtifactList } from "../api/schema";
import { bytes } from "../format";
import { useResource } from "../store/resource";
import { text } from "../text";
import { Download } from "./download";
import { Scroll } from "./scroll";

/** The files that a run left, to be saved; named by where they lie in the daemon's state directory. */
export function Artifacts({ run }: { run: string }) {
  const { data } = useResource<ArtifactList>(`runs/${run}/artifacts`, `run:${run}`);
  if (!data?.items.length) return null;
  const { columns } = text.artifacts;
  return (
    <section aria-labelledby="artifacts-title">
      <h2 id="artifacts-title">{text.artifacts.title}</h2>
      <Scroll label={text.artifacts.title} file="files">
        <table class="list">
          <thead><tr><th scope="col">{columns.file}</th><th scope="col" class="number">{columns.size}</th><th scope="col">{columns.sha256}</th></tr></thead>
          <tbody>
            {data.items.map((file) => (
              <tr key={`${file.fence} ${file.name}`}>
                <th scope="row"><Download path={`runs/${run}/artifacts/${file.name}`} file={`${run}-${file.name}`}><code>runs/{run}/a{file.fence}/{file.name}</code></Download></th>
                <td class="number">{bytes(file.size)}</td>
                <td><code>{file.sha256}</code></td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}
