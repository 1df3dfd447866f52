// Who wants to know that something changed: "sweeps", "sweep:sw_1", "run:run_7", "curve:run_7", "devices", "token".
const listeners = new Map<string, Set<() => void>>();

export function subscribe(topic: string, listener: () => void): () => void {
  const group = listeners.get(topic) ?? new Set();
  listeners.set(topic, group.add(listener));
  return () => {
    group.delete(listener);
    if (group.size === 0 && listeners.get(topic) === group) listeners.delete(topic);
  };
}

export function announce(topic: string): void {
  for (const listener of [...(listeners.get(topic) ?? [])]) listener();
}

export function announceAll(): void {
  for (const topic of [...listeners.keys()]) announce(topic);
}
