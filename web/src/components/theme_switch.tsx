import { text } from "../text";
import { choose, theme, themes, type Theme } from "../theme";
import { LiveMark } from "./banner";

export function ThemeSwitch() {
  return (
    <div class="end">
      <LiveMark />
      <label class="theme">
        <span class="hidden">{text.theme.label}</span>
        <select value={theme.value} onChange={(event) => choose(event.currentTarget.value as Theme)}>
          {themes.map((name) => <option key={name} value={name}>{text.theme[name]}</option>)}
        </select>
      </label>
    </div>
  );
}
