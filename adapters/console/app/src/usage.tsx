// What a key was used for: 30 days by outcome, scopes, and the old secret after a
// rotation. The chart is SVG; the same numbers are in a table below it.
import { useId, useState } from 'preact/hooks';
import { keys, type Key, type Usage } from './api';
import { EndDialog } from './end';
import { useLoad, useRepeat, type Loaded } from './load';
import { count, day, moment, number, relative, t, type Message } from './text';
import { Notice, Trouble, Waiting, When } from './ui';

const reasons: Record<string, Message> = {
  IP_NOT_ALLOWED: 'denied_ip', DISABLED: 'denied_disabled', EXPIRED: 'denied_expired',
  INSUFFICIENT_SCOPE: 'denied_scope', RATE_LIMITED: 'denied_rate', QUOTA_EXCEEDED: 'denied_quota',
};
const reason = (code: string) => (reasons[code] ? t(reasons[code]) : code);

type Day = Usage['days'][number];
const denied = (of: Day) => Object.values(of.denied).reduce((sum, n) => sum + (n ?? 0), 0);

const live = 15_000; // during a grace period, how often the use of the old secret is read

export function useUsage(id: string, version: number): Loaded<Usage> {
  const loaded = useLoad(async (signal) => (await keys.usage(id, signal)).data, [id, version]);
  useRepeat(loaded, loaded.data?.previousSecret ? live : 0);
  return loaded;
}

/** Whether the old secret is still used, and a way to end it. */
export function OldSecret({ of, usage, refresh }: { of: Key; usage: Usage; refresh: () => void }) {
  const [asked, setAsked] = useState(false);
  const old = usage.previousSecret;
  if (!old) return null;
  const until = moment(old.validUntil);
  return (
    <>
      <Notice kind={old.lastUsedAt ? 'warn' : 'good'} title={t(old.lastUsedAt ? 'old_secret_used' : 'old_secret_unused')}>
        <p>{old.lastUsedAt ? t('old_secret_used_hint', { when: relative(old.lastUsedAt), until }) : t('old_secret_unused_hint', { until })}</p>
        <p><button type="button" onClick={() => setAsked(true)}>{t('end_now')}</button></p>
      </Notice>
      {asked && <EndDialog of={of} close={() => setAsked(false)} done={() => { setAsked(false); refresh(); }} />}
    </>
  );
}

export function UsageCard({ usage: { data, failure, reload } }: { usage: Loaded<Usage> }) {
  return (
    <section class="card" aria-labelledby="usage">
      <h2 id="usage">{t('usage')}</h2>
      {failure && <Trouble failure={failure} retry={reload} />}
      {data ? <Chart days={data.days} /> : !failure && <Waiting lines={3} />}
    </section>
  );
}

const width = 600;
const height = 120;

function Chart({ days }: { days: Day[] }) {
  const pattern = useId();
  const total = days.reduce((sum, one) => sum + one.allowed + denied(one), 0);
  const refused = days.reduce((sum, one) => sum + denied(one), 0);
  if (total === 0) return <p class="quiet">{t('usage_none')}</p>;
  const top = niceAbove(Math.max(...days.map((one) => one.allowed + denied(one))));
  const step = width / days.length;
  const tall = (n: number) => (n === 0 ? 0 : Math.max(1.5, (n / top) * height));
  return (
    <figure class="chart">
      <figcaption><span class="quiet">{t('usage_hint')}</span> <strong>{count('usage_total', total)}</strong></figcaption>
      <svg viewBox={`0 0 ${width} ${height + 18}`} role="img" aria-label={`${count('usage_total', total)}. ${t('allowed')}: ${number(total - refused)}. ${t('denied')}: ${number(refused)}.`}>
        <defs>
          <pattern id={pattern} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="denied" width="5" height="5" /><rect class="stripe" width="2" height="5" /></pattern>
        </defs>
        {[0, 0.5, 1].map((part) => (
          <g key={part} class="grid">
            <line x1="0" x2={width} y1={height - part * height + 0.5} y2={height - part * height + 0.5} />
            {part > 0 && <text x="0" y={height - part * height + 10}>{number(top * part)}</text>}
          </g>
        ))}
        {days.map((one, i) => {
          const good = tall(one.allowed);
          const bad = tall(denied(one));
          return (
            <g key={one.date}>
              <title>{`${day(one.date)}: ${t('allowed')} ${number(one.allowed)}, ${t('denied')} ${number(denied(one))}`}</title>
              <rect class="hit" x={i * step} y="0" width={step} height={height} />
              <rect class="allowed" x={i * step + step * 0.18} y={height - good} width={step * 0.64} height={good} rx="1.5" />
              <rect fill={`url(#${pattern})`} x={i * step + step * 0.18} y={height - good - bad} width={step * 0.64} height={bad} rx="1.5" />
            </g>
          );
        })}
        {[0, Math.floor(days.length / 2), days.length - 1].map((i) => (
          <text key={i} class="tick" x={(i + 0.5) * step} y={height + 15} text-anchor={i === 0 ? 'start' : i === days.length - 1 ? 'end' : 'middle'}>{day(days[i]?.date ?? '', 'short')}</text>
        ))}
      </svg>
      <p class="legend"><span class="key-allowed" /> {t('allowed')} <span class="key-denied" /> {t('denied')}</p>
      <Numbers days={days} />
    </figure>
  );
}

/** The next 1, 2 or 5 times a power of ten, but an even number. */
function niceAbove(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return Math.max(2, [1, 2, 5, 10].map((n) => n * power).find((n) => n >= most) ?? most);
}

function Numbers({ days }: { days: Day[] }) {
  const codes = [...new Set(days.flatMap((one) => Object.keys(one.denied)))];
  const used = days.filter((one) => one.allowed + denied(one) > 0).reverse();
  return (
    <details>
      <summary>{t('usage_table')}</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={t('usage')}>
        <table class="compare numbers">
          <thead><tr><th scope="col">{t('date')}</th><th scope="col">{t('allowed')}</th>{codes.map((code) => <th scope="col" key={code}>{reason(code)}</th>)}</tr></thead>
          <tbody>
            {used.map((one) => (
              <tr key={one.date}>
                <th scope="row">{day(one.date)}</th><td>{number(one.allowed)}</td>
                {codes.map((code) => <td key={code}>{number((one.denied as Record<string, number>)[code] ?? 0)}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** When each scope was last used. */
export function ScopeUse({ scopes }: { scopes: Usage['scopes'] }) {
  if (scopes.length === 0) return <>{t('no_access')}</>;
  return (
    <ul class="lines scope-use">
      {scopes.map(({ scope, lastUsedAt }) => (
        <li key={scope} class={lastUsedAt ? '' : 'unused'}>
          <code>{scope}</code> {lastUsedAt ? <span class="quiet"><When at={lastUsedAt} /></span> : <span class="badge" title={t('scope_unused_hint')}>{t('scope_unused')}</span>}
        </li>
      ))}
    </ul>
  );
}
