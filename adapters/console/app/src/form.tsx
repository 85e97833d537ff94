// The fields of a key, which creating and editing share.
import { useEffect, useRef, useState } from 'preact/hooks';
import { faultsOf, type Fault, type Quota } from './api';
import { faultyEntries, messagesOf, newKeyOf, type Draft, type LimitDraft } from './draft';
import { session } from './session';
import { duration, language, t, type Message } from './text';
import { Chips, Errors, Field, Icon } from './ui';

/** The faults of the key that is typed so far. */
export function useKeyFaults(draft: Draft): Fault[] {
  const { name: _, ...rest } = newKeyOf(draft);
  return useFaults(rest, faultsOf);
}

/** The faults of what is typed so far, as the server words them. */
export function useFaults<T>(draft: T, judge: (draft: T, signal: AbortSignal) => Promise<Fault[]>): Fault[] {
  const [faults, setFaults] = useState<Fault[]>([]);
  const typed = JSON.stringify(draft);
  useEffect(() => {
    const control = new AbortController();
    const timer = setTimeout(() => {
      judge(JSON.parse(typed), control.signal).then(
        (found) => setFaults(found.filter((fault) => fault.reason !== 'required')),
        () => undefined, // a later text is being checked
      );
    }, 300);
    return () => { clearTimeout(timer); control.abort(); };
  }, [typed, language]);
  return faults;
}

interface Fields {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  faults: Fault[];
  created: boolean; // the key exists: its mode is fixed
}

export function KeyFields({ draft, change, faults, created }: Fields) {
  const of = (field: string) => messagesOf(faults, field);
  return (
    <>
      <section class="card">
        <Field label={t('name')} hint={t('name_hint')} errors={of('name')}>
          {(attributes) => <input {...attributes} type="text" dir="auto" value={draft.name} maxLength={200} autocomplete="off" onInput={(event) => change({ name: event.currentTarget.value })} />}
        </Field>
        {!created && session.get()?.partner && <ModeField {...{ draft, change }} errors={of('mode')} />}
      </section>
      <section class="card">
        <Field label={t('scopes')} hint={t('scopes_hint')} errors={of('scopes')}>
          {(attributes) => <Chips attributes={attributes} label={t('scopes')} placeholder="payment:read" items={draft.scopes} faulty={faultyEntries(faults, 'scopes')} change={(scopes) => change({ scopes })} />}
        </Field>
        <Field label={t('ip_whitelist')} optional hint={t('ip_whitelist_hint')} errors={of('ipWhitelist')}>
          {(attributes) => <Chips attributes={attributes} label={t('ip_whitelist')} placeholder="192.0.2.0/24" items={draft.ipWhitelist} faulty={faultyEntries(faults, 'ipWhitelist')} change={(ipWhitelist) => change({ ipWhitelist })} />}
        </Field>
      </section>
      <section class="card"><Expiry {...{ draft, change }} errors={of('expiresAt')} /></section>
      <section class="card">
        <Limits {...{ draft, change, faults }} />
        <QuotaField {...{ draft, change }} errors={of('quota')} />
      </section>
    </>
  );
}

function ModeField({ draft, change, errors }: { draft: Draft; change: Fields['change']; errors: string[] }) {
  return (
    <fieldset class="field">
      <legend>{t('mode')}</legend>
      <div class="options">
        {([[1, 'LIVE', 'mode_live_hint'], [2, 'TEST', 'mode_test_hint']] as const).map(([mode, label, hint]) => (
          <label class="option" key={mode}>
            <input type="radio" name="mode" checked={draft.mode === mode} onChange={() => change({ mode })} />
            <span><strong>{label}</strong><span class="quiet">{t(hint)}</span></span>
          </label>
        ))}
      </div>
      <Errors id="mode-errors" errors={errors} />
    </fieldset>
  );
}

const presets: [string, Message][] = [['7', 'days_7'], ['30', 'days_30'], ['90', 'days_90'], ['365', 'days_365'], ['date', 'on_date'], ['never', 'never']];

function Expiry({ draft, change, errors }: { draft: Draft; change: Fields['change']; errors: string[] }) {
  return (
    <fieldset class="field">
      <legend>{t('expiry')}</legend>
      <div class="segments">
        {presets.map(([value, label]) => (
          <label class="segment" key={value}>
            <input type="radio" name="expiry" checked={draft.expiry === value} onChange={() => change({ expiry: value })} />
            <span>{t(label)}</span>
          </label>
        ))}
      </div>
      {draft.expiry === 'date' && (
        <input type="datetime-local" class="date" aria-label={t('expiry_date')} aria-invalid={errors.length > 0} aria-describedby="expiry-errors" value={draft.date} onInput={(event) => change({ date: event.currentTarget.value })} />
      )}
      <div class="hint">{draft.expiry === 'never' ? t('never_hint') : t('expiry_hint')}</div>
      <Errors id="expiry-errors" errors={errors} />
    </fieldset>
  );
}

const windows = [1, 10, 60, 300, 900, 3600, 86_400];

function Limits({ draft, change, faults }: { draft: Draft; change: Fields['change']; faults: Fault[] }) {
  const group = useRef<HTMLFieldSetElement>(null);
  const amend = (index: number, part: Partial<LimitDraft>) =>
    change({ rateLimits: draft.rateLimits.map((limit, i) => (i === index ? { ...limit, ...part } : limit)) });
  const add = () => {
    const taken = new Set(draft.rateLimits.map((limit) => limit.name));
    const name = ['default', 'burst', 'hourly', 'daily', 'extra'].find((free) => !taken.has(free)) ?? '';
    change({ rateLimits: [...draft.rateLimits, { name, limit: '', windowSeconds: 60 }] });
  };
  return (
    <fieldset class="field" ref={group}>
      <legend>{t('rate_limits')} <span class="quiet">{t('optional')}</span></legend>
      {draft.rateLimits.map((limit, i) => {
        const errors = messagesOf(faults, `rateLimits[${i}]`);
        const bad = (member: string) => messagesOf(faults, `rateLimits[${i}].${member}`).length > 0;
        return (
          <div class="limit" key={i} role="group" aria-label={t('rate_limit_n', { n: i + 1 })}>
            <label><span>{t('limit_count')}</span><input type="text" inputMode="numeric" value={limit.limit} aria-invalid={bad('limit')} aria-describedby={`limit-${i}`} autocomplete="off" onInput={(event) => amend(i, { limit: event.currentTarget.value })} /></label>
            <label><span>{t('limit_window')}</span>
              <select value={limit.windowSeconds} aria-invalid={bad('windowSeconds')} onChange={(event) => amend(i, { windowSeconds: Number(event.currentTarget.value) })}>
                {[...new Set([...windows, limit.windowSeconds])].sort((a, b) => a - b).map((seconds) => <option key={seconds} value={seconds}>{duration(seconds)}</option>)}
              </select>
            </label>
            <label><span>{t('limit_name')}</span><input type="text" value={limit.name} maxLength={32} aria-invalid={bad('name')} aria-describedby={`limit-${i}`} autocomplete="off" autocapitalize="off" spellcheck={false} onInput={(event) => amend(i, { name: event.currentTarget.value })} /></label>
            <button type="button" class="plain" aria-label={t('remove', { what: limit.name || t('rate_limit_n', { n: i + 1 }) })} onClick={() => { change({ rateLimits: draft.rateLimits.filter((_, j) => j !== i) }); group.current?.querySelector<HTMLElement>('.add')?.focus(); }}><Icon name="close" /></button>
            <Errors id={`limit-${i}`} errors={errors} />
          </div>
        );
      })}
      <Errors id="limits-errors" errors={messagesOf(faults, 'rateLimits', false)} />
      <button type="button" class="add" hidden={draft.rateLimits.length >= 5} onClick={add}><Icon name="plus" />{t('add_rate_limit')}</button>
      <div class="hint">{t('rate_limits_hint')}</div>
    </fieldset>
  );
}

const periods: [Quota['period'], Message][] = [['DAY', 'period_day'], ['MONTH', 'period_month'], ['TOTAL', 'period_total']];

function QuotaField({ draft, change, errors }: { draft: Draft; change: Fields['change']; errors: string[] }) {
  const { quota } = draft;
  return (
    <fieldset class="field">
      <legend>{t('quota')} <span class="quiet">{t('optional')}</span></legend>
      {quota ? (
        <div class="limit" role="group" aria-label={t('quota')}>
          <label><span>{t('limit_count')}</span><input type="text" inputMode="numeric" value={quota.limit} aria-invalid={errors.length > 0} aria-describedby="quota-errors" autocomplete="off" onInput={(event) => change({ quota: { ...quota, limit: event.currentTarget.value } })} /></label>
          <label><span>{t('limit_period')}</span>
            <select value={quota.period} onChange={(event) => change({ quota: { ...quota, period: event.currentTarget.value as Quota['period'] } })}>
              {periods.map(([value, label]) => <option key={value} value={value}>{t(label)}</option>)}
            </select>
          </label>
          <button type="button" class="plain" aria-label={t('remove', { what: t('quota') })} onClick={() => change({ quota: null })}><Icon name="close" /></button>
        </div>
      ) : (
        <button type="button" class="add" onClick={() => change({ quota: { limit: '', period: 'MONTH' } })}><Icon name="plus" />{t('add_quota')}</button>
      )}
      <Errors id="quota-errors" errors={errors} />
    </fieldset>
  );
}

/** Moves the focus to the first field with a fault. */
export function focusFault(form: HTMLFormElement | null): void {
  requestAnimationFrame(() => {
    form?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  });
}

/** The faults of the last attempt, then those of what was typed in other fields. */
export function merge(refused: Fault[], typed: Fault[]): Fault[] {
  return [...refused, ...typed.filter((fault) => !refused.some((other) => other.field === fault.field))];
}
