// Reading from the API while a view is open.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Failure } from './api';

export interface Loaded<T> {
  data: T | undefined; // what was last read, also while it is read anew
  failure: Failure | undefined;
  loading: boolean;
  reload: () => void;
  set: (data: T) => void;
}

/** Calls read whenever dependencies change; answers to earlier calls are ignored. */
export function useLoad<T>(read: (signal: AbortSignal) => Promise<T>, dependencies: unknown[]): Loaded<T> {
  const [state, setState] = useState<{ data?: T; failure?: Failure; loading: boolean }>({ loading: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const control = new AbortController();
    setState((before) => ({ ...before, loading: true }));
    read(control.signal).then(
      (data) => { if (!control.signal.aborted) setState({ data, loading: false }); },
      (error: unknown) => {
        if (control.signal.aborted) return;
        setState((before) => ({ ...(before.data !== undefined && { data: before.data }), failure: asFailure(error), loading: false }));
      },
    );
    return () => control.abort();
  }, [...dependencies, turn]);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  useEffect(() => {
    window.addEventListener('online', reload);
    return () => window.removeEventListener('online', reload);
  }, [reload]);
  return { data: state.data, failure: state.failure, loading: state.loading, reload, set: (data) => setState({ data, loading: false }) };
}

/**
 * Reads again every so many milliseconds after the last response while the page is
 * visible, and when it becomes so. 0 is never.
 */
export function useRepeat({ loading, reload }: Pick<Loaded<unknown>, 'loading' | 'reload'>, pause: number): void {
  useEffect(() => {
    if (loading || pause === 0) return undefined;
    const again = () => { if (!document.hidden) reload(); };
    const timer = setInterval(again, pause);
    document.addEventListener('visibilitychange', again);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', again);
    };
  }, [loading, pause, reload]);
}

/**
 * One request at a time, such as a press of a button makes. A button outside of a dialog
 * is not disabled meanwhile, because it would lose the focus.
 */
export function useAction<A extends unknown[]>(act: (...given: A) => Promise<void>) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const running = useRef(false);
  const run = async (...given: A) => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setFailure(undefined);
    try {
      await act(...given);
    } catch (error) {
      setFailure(asFailure(error));
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { run, busy, failure, setFailure };
}

function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  throw error;
}
