// The sound of an utterance with its waveform: fetched and decoded when it is first wanted, so that it plays with a token,
// too. The waveform is a slider over time.
import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "../api/client";
import { text } from "../text";

const width = 240, height = 32, jump = 0.5, nearEnd = 0.05;
let shared: AudioContext | null = null;
const context = () => (shared ??= new AudioContext());

export function Player({ path, name }: { path: string; name: string }) {
  const [sound, setSound] = useState<AudioBuffer | null>(null);
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [silent, setSilent] = useState(false);
  const source = useRef<AudioBufferSourceNode | null>(null);
  const stop = () => { source.current?.stop(); source.current = null; setPlaying(false); };
  useEffect(() => stop, []);

  const load = async () => context().decodeAudioData(await (await ask(path, "*/*")).arrayBuffer());
  const play = async (from: number) => {
    try {
      const buffer = sound ?? await load();
      setSound(buffer);
      stop();
      if (from >= buffer.duration - nearEnd) from = 0;  // from the beginning again
      await context().resume();
      const node = (source.current = context().createBufferSource());
      node.buffer = buffer;
      node.connect(context().destination);
      node.start(0, from);
      setPlaying(true);
      const begin = context().currentTime - from;
      const follow = () => {
        if (source.current !== node) return;
        const now = context().currentTime - begin;
        setAt(Math.min(now, buffer.duration));
        if (now < buffer.duration) requestAnimationFrame(follow);
        else stop();
      };
      follow();
    } catch {
      setSilent(true);
    }
  };
  const seek = (to: number) => {
    const bounded = Math.max(0, Math.min(to, sound?.duration ?? 0));
    setAt(bounded);
    if (playing) bounded < (sound?.duration ?? 0) - nearEnd ? void play(bounded) : stop();
  };
  if (silent) return <span class="faint">{text.player.silent}</span>;
  return (
    <span class="player">
      <button type="button" aria-label={playing ? text.player.pause(name) : text.player.play(name)} onClick={() => (playing ? stop() : void play(at))}>{playing ? "❚❚" : "▶"}</button>
      {sound && <Waveform sound={sound} at={at} name={name} seek={seek} />}
    </span>
  );
}

function Waveform({ sound, at, name, seek }: { sound: AudioBuffer; at: number; name: string; seek(to: number): void }) {
  const says = text.player.time(at.toFixed(1), sound.duration.toFixed(1));
  const key = (event: KeyboardEvent) => {
    const by = { ArrowRight: jump, ArrowUp: jump, ArrowLeft: -jump, ArrowDown: -jump, Home: -at, End: sound.duration }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    seek(at + by);
  };
  return (
    <>
      <svg class="waveform" viewBox={`0 0 ${width} ${height}`} role="slider" tabindex={0} aria-label={text.player.slider(name)} aria-valuemin={0}
        aria-valuemax={sound.duration} aria-valuenow={at} aria-valuetext={says} onKeyDown={key}
        onClick={(event) => { const box = event.currentTarget.getBoundingClientRect(); seek(((event.clientX - box.left) / box.width) * sound.duration); }}>
        <path d={pathOf(sound)} />
        <line x1={(at / sound.duration) * width} x2={(at / sound.duration) * width} y1="0" y2={height} />
      </svg>
      <span class="number faint">{says}</span>
    </>
  );
}

const drawn = new WeakMap<AudioBuffer, string>();

/** A stroke a pixel from the lowest to the highest sample there. */
function pathOf(sound: AudioBuffer): string {
  const known = drawn.get(sound);
  if (known) return known;
  const samples = sound.getChannelData(0);
  const loudest = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  const path = Array.from({ length: width }, (_, x) => {
    const part = samples.subarray(Math.floor((x * samples.length) / width), Math.floor(((x + 1) * samples.length) / width));
    const peak = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / loudest;
    return `M${x + 0.5} ${(height / 2 - (peak * height) / 2 - 0.5).toFixed(1)}v${(peak * height + 1).toFixed(1)}`;
  }).join("");
  drawn.set(sound, path);
  return path;
}
