// Creating a key, and changing one while somebody else may do so too.
import { useRef, useState } from 'preact/hooks';
import { Failure, keys, type CreatedKey, type Fault, type Key, type NewKey } from './api';
import { draftOf, empty, patchOf, newKeyOf, same, type Draft } from './draft';
import { focusFault, KeyFields, merge, useKeyFaults } from './form';
import { useAction, useLoad } from './load';
import { go, href } from './route';
import { randomText, session } from './session';
import { SecretLost, SecretView } from './secret';
import { t } from './text';
import { Dialog, Heading, Link, Notice, Trouble, Waiting } from './ui';
import { describe, fieldName, type Field } from './values';

export function NewKeyView() {
  const workspace = session.get()?.workspace ?? '';
  const [draft, setDraft] = useState<Draft>(empty);
  const [refused, setRefused] = useState<Fault[]>([]);
  const [created, setCreated] = useState<CreatedKey>();
  const attempt = useRef<{ draft: Draft; key: string; body: NewKey } | undefined>(undefined);
  const form = useRef<HTMLFormElement>(null);
  const typed = useKeyFaults(draft);
  const { run, busy, failure } = useAction(async () => {
    // The same request again, after no answer came, must not create a second key. So an
    // expiry in 90 days stays that of the first attempt.
    if (!attempt.current || !same(attempt.current.draft, draft)) attempt.current = { draft, key: randomText(), body: newKeyOf(draft) };
    try {
      setCreated((await keys.create(attempt.current.body, attempt.current.key)).data);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.code === '4091') attempt.current = undefined;
      if (error.code === '4000') setRefused(error.faults);
      else if (error.code === '4031') setRefused([{ field: 'mode', reason: 'range', message: error.message }]);
      else throw error;
      focusFault(form.current);
    }
  });
  const change = (part: Partial<Draft>) => {
    setRefused(refused.filter((fault) => !Object.keys(part).some((field) => fault.field.startsWith(field === 'expiry' || field === 'date' ? 'expiresAt' : field))));
    setDraft({ ...draft, ...part });
  };
  if (created) {
    const close = () => go(href(workspace, ['keys', created.apiKeyId]), true);
    return created.secret
      ? <SecretView of="key" secret={created.secret} name={created.name} id={created.apiKeyId} title={t('secret_created')} close={close} />
      : <SecretLost of="key" title={t('secret_created')} close={close} />;
  }
  const faults = merge(refused, typed);
  return (
    <form class="narrow" ref={form} noValidate onSubmit={(event) => { event.preventDefault(); void run(); }}>
      <Link class="back" to={href(workspace)}>{t('keys')}</Link>
      <Heading>{t('new_key')}</Heading>
      <KeyFields draft={draft} change={change} faults={faults} created={false} />
      {draft.scopes.length === 0 && <Notice>{t('no_scopes_hint')}</Notice>}
      {failure && <Trouble failure={failure} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={busy}>{t(busy ? 'creating' : 'create')}</button>
        <Link class="button" to={href(workspace)}>{t('cancel')}</Link>
      </div>
    </form>
  );
}

export function EditKey({ id }: { id: string }) {
  const workspace = session.get()?.workspace ?? '';
  const { data, failure, reload } = useLoad((signal) => keys.get(id, signal), [id]);
  const opened = useRef(data); // reloading must not replace what is being edited
  opened.current ??= data;
  return (
    <div class="narrow">
      <Link class="back" to={href(workspace, ['keys', id])}>{t('back_to_key')}</Link>
      <Heading>{t('edit_key')}</Heading>
      {opened.current ? <EditForm before={opened.current.data} etag={opened.current.etag} /> : failure ? <Trouble failure={failure} retry={reload} /> : <Waiting lines={8} />}
    </div>
  );
}

interface State { key: Key; etag: string }

function EditForm({ before, etag }: { before: Key; etag: string }) {
  const workspace = session.get()?.workspace ?? '';
  const [base, setBase] = useState<State>({ key: before, etag });
  const [draft, setDraft] = useState(() => draftOf(before));
  const [refused, setRefused] = useState<Fault[]>([]);
  const [theirs, setTheirs] = useState<State>();
  const form = useRef<HTMLFormElement>(null);
  const typed = useKeyFaults(draft);
  const close = () => go(href(workspace, ['keys', before.apiKeyId]));
  const { run, busy, failure } = useAction(async (state: State) => {
    const patch = patchOf(base.key, draft);
    if (Object.keys(patch).length === 0) return close();
    try {
      await keys.update(before.apiKeyId, patch, state.etag);
      close();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.code === '4120') {
        const now = await keys.get(before.apiKeyId);
        setTheirs({ key: now.data, etag: now.etag });
        return;
      }
      if (error.code !== '4000') throw error;
      setRefused(error.faults);
      focusFault(form.current);
    }
  });
  return (
    <form ref={form} noValidate onSubmit={(event) => { event.preventDefault(); void run(base); }}>
      <KeyFields draft={draft} change={(part) => { setRefused([]); setDraft({ ...draft, ...part }); }} faults={merge(refused, typed)} created />
      {failure && <Trouble failure={failure} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={busy}>{t(busy ? 'saving' : 'save')}</button>
        <button type="button" onClick={close}>{t('cancel')}</button>
      </div>
      {theirs && (
        <Conflict
          base={base.key} theirs={theirs.key} mine={patchOf(base.key, draft) as Partial<Key>} busy={busy}
          close={() => setTheirs(undefined)}
          keepMine={() => { const state = theirs; setTheirs(undefined); void run(state); }}
          takeTheirs={() => { setBase(theirs); setDraft(draftOf(theirs.key)); setTheirs(undefined); }}
        />
      )}
    </form>
  );
}

const compared: Field[] = ['name', 'status', 'scopes', 'ipWhitelist', 'expiresAt', 'rateLimits', 'quota'];

/** Shows what somebody else has changed since the form was opened, next to what would be saved. */
function Conflict({ base, theirs, mine, busy, close, keepMine, takeTheirs }: {
  base: Key; theirs: Key; mine: Partial<Key>; busy: boolean; close: () => void; keepMine: () => void; takeTheirs: () => void;
}) {
  const rows = compared.filter((field) => !same(base[field], theirs[field]) || field in mine);
  const overwritten = rows.some((field) => field in mine && !same(base[field], theirs[field]));
  return (
    <Dialog title={t('conflict_title')} close={close}>
      <p>{t('conflict_hint')}</p>
      <div class="scroll" tabIndex={0} role="region" aria-label={t('conflict_title')}>
        <table class="compare">
          <thead><tr><th scope="col"><span class="unseen">{t('field')}</span></th><th scope="col">{t('conflict_before')}</th><th scope="col">{t('conflict_theirs')}</th><th scope="col">{t('conflict_mine')}</th></tr></thead>
          <tbody>
            {rows.map((field) => (
              <tr key={field}>
                <th scope="row">{fieldName(field)}</th>
                <td>{describe(field, base[field])}</td>
                <td class={same(base[field], theirs[field]) ? 'quiet' : 'changed'}>{describe(field, theirs[field])}</td>
                <td class={field in mine ? 'changed' : 'quiet'}>{field in mine ? describe(field, mine[field]) : t('unchanged')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {overwritten && <Notice kind="warn">{t('conflict_overwrites')}</Notice>}
      <div class="actions">
        <button type="button" class="primary" onClick={takeTheirs}>{t('take_theirs')}</button>
        <button type="button" disabled={busy} onClick={keepMine}>{t('keep_mine')}</button>
        <button type="button" onClick={close}>{t('cancel')}</button>
      </div>
    </Dialog>
  );
}
