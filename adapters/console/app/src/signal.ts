// A value that components follow.
import { useEffect, useState } from 'preact/hooks';

export interface Signal<T> {
  get(): T;
  set(value: T): void;
  follow(follower: () => void): () => void;
}

export function signal<T>(value: T): Signal<T> {
  const followers = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(value, next)) return;
      value = next;
      for (const follower of [...followers]) follower();
    },
    follow(follower) {
      followers.add(follower);
      return () => followers.delete(follower);
    },
  };
}

export function useSignal<T>(source: Signal<T>): T {
  const [, redraw] = useState({});
  useEffect(() => source.follow(() => redraw({})), [source]);
  return source.get();
}
