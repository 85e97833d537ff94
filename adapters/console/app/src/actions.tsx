// What can be done to a key, each after a question that says what it does.
import { useRef, useState } from 'preact/hooks';
import { keys, type Key, type RotatedKey } from './api';
import { useAction, useLoad } from './load';
import { randomText } from './session';
import { between, count, duration, relative, t } from './text';
import { Dialog, Field, Foreign, Notice, Question, Rich, Trouble, Waiting } from './ui';

interface Asked { of: Key; close: () => void }

const graces = [0, 3600, 86_400, 604_800];

export function RotateDialog({ of, close, done }: Asked & { done: (key: RotatedKey, until?: string) => void }) {
  const [grace, setGrace] = useState(86_400);
  const once = useRef('');
  const act = useAction(async () => {
    once.current ||= randomText();
    const { data } = await keys.rotate(of.apiKeyId, grace, once.current);
    done(data, grace > 0 ? new Date(Date.now() + grace * 1000).toISOString() : undefined);
  });
  return (
    <Question title={t('rotate_title')} action={t('rotate_do')} {...{ close, act }}>
      <p>{t('rotate_hint')}</p>
      <fieldset class="field">
        <legend>{t('grace')}</legend>
        <div class="segments">
          {graces.map((seconds) => (
            <label class="segment" key={seconds}>
              <input type="radio" name="grace" {...(grace === seconds && { 'data-first': '' })} checked={grace === seconds} onChange={() => { setGrace(seconds); once.current = ''; }} />
              <span>{seconds === 0 ? t('grace_none') : duration(seconds)}</span>
            </label>
          ))}
        </div>
        <div class="hint">{t(grace === 0 ? 'grace_none_hint' : 'grace_hint')}</div>
      </fieldset>
    </Question>
  );
}

export function DisableDialog({ of, close, done }: Asked & { done: () => void }) {
  const act = useAction(async () => { await keys.disable(of.apiKeyId); done(); });
  return (
    <Question title={t('disable_title')} action={t('disable_do')} {...{ close, act }}>
      <p><Rich message="disable_hint" values={{ name: <strong><Foreign text={of.name} /></strong> }} /></p>
      <LastUse of={of} />
    </Question>
  );
}

/** Deletes a key whose name, or ID if the name cannot be typed, is typed. */
export function DeleteDialog({ of, close, done }: Asked & { done: () => void }) {
  const [typed, setTyped] = useState('');
  const matches = typed.trim() === of.name || typed.trim() === of.apiKeyId;
  const { run, busy, failure } = useAction(async () => { await keys.delete(of.apiKeyId); done(); });
  return (
    <Dialog title={t('delete_title')} close={close}>
      <p><Rich message="delete_hint" values={{ name: <strong><Foreign text={of.name} /></strong> }} /></p>
      <LastUse of={of} />
      <form onSubmit={(event) => { event.preventDefault(); if (matches) void run(); }}>
        <Field label={t('delete_type')} hint={<code>{of.apiKeyId}</code>}>
          {(attributes) => <input {...attributes} data-first type="text" dir="auto" value={typed} autocomplete="off" autocapitalize="off" spellcheck={false} onInput={(event) => setTyped(event.currentTarget.value)} />}
        </Field>
        {failure && <Trouble failure={failure} />}
        <div class="actions">
          <button type="submit" class="danger solid" disabled={!matches || busy}>{t('delete_do')}</button>
          <button type="button" onClick={close}>{t('cancel')}</button>
        </div>
      </form>
    </Dialog>
  );
}

const recently = 60 * 60 * 1000;

/** Warns if the key is still in use, as of now. */
function LastUse({ of }: { of: Key }) {
  const now = useLoad(async (signal) => {
    const [key, usage] = await Promise.all([keys.get(of.apiKeyId, signal), keys.usage(of.apiKeyId, signal)]);
    return { last: key.data.lastUsedAt, today: usage.data.days.at(-1)?.allowed ?? 0 };
  }, [of.apiKeyId]);
  if (now.loading && !now.data) return <Waiting lines={1} />;
  const { last, today } = now.data ?? { last: of.lastUsedAt, today: 0 };
  if (!last) return today > 0 ? <Notice kind="warn">{count('use_today', today)}</Notice> : <Notice kind="good">{t('use_never')}</Notice>;
  const recent = Date.now() - Date.parse(last) < recently;
  return (
    <Notice kind={recent ? 'warn' : 'info'}>
      {t(recent ? 'use_recent' : 'use_last', { when: relative(last) })}{today > 0 && between() + count('use_today', today)}
    </Notice>
  );
}
