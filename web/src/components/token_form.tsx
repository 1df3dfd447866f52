import { setToken } from "../api/token";
import { announceAll } from "../store/topics";
import { text } from "../text";

export function TokenForm() {
  return (
    <form class="card" onSubmit={submit}>
      <h1>{text.token.title}</h1>
      <p>{text.token.explain}</p>
      <p class="facts">
        <label>{text.token.label} <input name="token" type="password" autocomplete="current-password" required /></label>
        <button type="submit">{text.token.send}</button>
      </p>
    </form>
  );
}

function submit(event: SubmitEvent) {
  event.preventDefault();
  setToken(String(new FormData(event.currentTarget as HTMLFormElement).get("token")));
  announceAll();
}
