// What is left of the limits of a key, as a check would find it now.
import { useEffect, useState } from 'preact/hooks';
import { keys, type Key, type LimitState } from './api';
import { useLoad, useRepeat, type Loaded } from './load';
import { soon, t } from './text';

// It is read when a window ends, but not sooner or later than this.
const earliest = 5;
const latest = 15;

interface Left { limits: LimitState[]; at: number } // at: when it was read, by performance.now()

export function useLeft(of: Key, version: number): Loaded<Left> {
  const id = of.apiKeyId;
  const limited = of.rateLimits.length > 0 || of.quota !== null;
  const loaded = useLoad(async (signal) => {
    const limits = limited ? (await keys.limits(id, signal)).data.limits : [];
    return { limits, at: performance.now() };
  }, [id, limited, version]);
  const next = Math.min(latest, ...(loaded.data?.limits ?? []).map((limit) => limit.resetSeconds ?? latest));
  useRepeat(loaded, limited ? 1000 * Math.max(earliest, next) : 0);
  return loaded;
}

/** What is left of one limit: a meter, and the same in words. Label is the ID of its name. */
export function Meter({ name, label, left }: { name: string; label: string; left: Loaded<Left> }) {
  const passed = useSecondsSince(left.data?.at ?? 0);
  if (!left.data) return left.failure ? null : <dd class="left"><span class="bone" /></dd>;
  const state = left.data.limits.find((limit) => limit.name === name);
  if (!state) return null; // somebody else has just added it
  const { limit, remaining, resetSeconds } = state;
  const words = t('left_of', { left: remaining, limit });
  const reset = resetSeconds === null ? t('never_resets') : t('resets', { when: soon(Math.max(1, resetSeconds - passed)) });
  const share = (100 * remaining) / limit;
  return (
    <dd class="left">
      <div class="meter" role="meter" aria-labelledby={label} aria-valuemin={0} aria-valuemax={limit} aria-valuenow={remaining} aria-valuetext={words}>
        <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true" focusable="false">
          <rect class={share < 10 ? 'low' : ''} width={remaining === 0 ? 0 : Math.max(1, share)} height="1" />
        </svg>
      </div>
      <p class="small"><strong>{words}</strong> <span class="quiet"><span class="dot">· </span>{reset}</span></p>
    </dd>
  );
}

/** Whole seconds since a time of performance.now(), which pass while the page is visible. */
function useSecondsSince(at: number): number {
  const [now, setNow] = useState(at);
  useEffect(() => {
    const timer = setInterval(() => { if (!document.hidden) setNow(performance.now()); }, 1000);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, Math.round((now - at) / 1000));
}
