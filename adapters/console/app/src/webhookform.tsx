// Creating a webhook and changing one.
import { useRef, useState } from 'preact/hooks';
import { Failure, webhookFaultsOf, webhooks, type CreatedWebhook, type Fault, type Webhook, type WebhookEventType, type WebhookPatch } from './api';
import { messagesOf, same } from './draft';
import { focusFault, merge, useFaults } from './form';
import { useAction, useLoad } from './load';
import { go, href } from './route';
import { SecretLost, SecretView } from './secret';
import { randomText, session } from './session';
import { t, type Message } from './text';
import { Errors, Field, Heading, Link, Trouble, Waiting } from './ui';
import { titleOf } from './webhooks';

interface Draft { url: string; description: string; all: boolean; events: WebhookEventType[] }

const nothing: Draft = { url: '', description: '', all: true, events: [] };

const eventsOf = (draft: Draft) => (draft.all ? [] : draft.events);

/** The faults that the server would find or, before anything is typed, none. */
const useWebhookFaults = ({ url, description }: Draft) =>
  useFaults({ url, description }, async (typed, signal) => (typed.url === '' && typed.description === '' ? [] : await webhookFaultsOf(typed, signal)).filter((fault) => typed.url !== '' || fault.field !== 'url'));

// The server would read an empty list as all events.
const unchosen = (draft: Draft): Fault[] => (draft.all || draft.events.length > 0 ? [] : [{ field: 'events', reason: 'required', message: t('choose_events') }]);

export function NewWebhookView() {
  const workspace = session.get()?.workspace ?? '';
  const [draft, setDraft] = useState(nothing);
  const [created, setCreated] = useState<CreatedWebhook>();
  const attempt = useRef<{ draft: Draft; key: string } | undefined>(undefined);
  const save = async () => {
    // The same request again, after no answer came, must not create a second webhook.
    if (!attempt.current || !same(attempt.current.draft, draft)) attempt.current = { draft, key: randomText() };
    try {
      setCreated((await webhooks.create({ url: draft.url, description: draft.description, events: eventsOf(draft) }, attempt.current.key)).data);
    } catch (error) {
      if (error instanceof Failure && error.code === '4091') attempt.current = undefined;
      throw error;
    }
  };
  if (created) {
    const close = () => go(href(workspace, ['webhooks', created.webhookId]), true);
    return created.secret
      ? <SecretView of="webhook" secret={created.secret} name={titleOf(created)} id={created.webhookId} title={t('webhook_created')} close={close} />
      : <SecretLost of="webhook" title={t('webhook_created')} close={close} />;
  }
  return (
    <div class="narrow">
      <Link class="back" to={href(workspace, ['webhooks'])}>{t('webhooks')}</Link>
      <Heading>{t('new_webhook')}</Heading>
      <Form draft={draft} change={setDraft} save={save} cancel={href(workspace, ['webhooks'])} labels={['create_webhook', 'creating']} />
    </div>
  );
}

export function EditWebhook({ id }: { id: string }) {
  const workspace = session.get()?.workspace ?? '';
  const { data, failure, reload } = useLoad(async (signal) => (await webhooks.get(id, signal)).data, [id]);
  const opened = useRef(data); // reloading must not replace what is being edited
  opened.current ??= data;
  return (
    <div class="narrow">
      <Link class="back" to={href(workspace, ['webhooks', id])}>{t('back_to_webhook')}</Link>
      <Heading>{t('edit_webhook')}</Heading>
      {opened.current ? <EditForm before={opened.current} /> : failure ? <Trouble failure={failure} retry={reload} /> : <Waiting lines={8} />}
    </div>
  );
}

function EditForm({ before }: { before: Webhook }) {
  const page = href(session.get()?.workspace ?? '', ['webhooks', before.webhookId]);
  const [draft, setDraft] = useState<Draft>({ ...before, all: before.events.length === 0 });
  const save = async () => {
    const after = { url: draft.url, description: draft.description, events: eventsOf(draft) };
    // Only what was changed here is sent, so that it replaces nothing else that somebody has changed meanwhile.
    const patch = Object.fromEntries(Object.entries(after).filter(([field, value]) => !same(before[field as keyof Webhook], value))) as WebhookPatch;
    if (Object.keys(patch).length > 0) await webhooks.update(before.webhookId, patch);
    go(page);
  };
  return <Form draft={draft} change={setDraft} save={save} cancel={page} labels={['save', 'saving']} />;
}

function Form({ draft, change, save, cancel, labels }: {
  draft: Draft; change: (draft: Draft) => void; save: () => Promise<void>; cancel: string; labels: [Message, Message];
}) {
  const [refused, setRefused] = useState<Fault[]>([]);
  const form = useRef<HTMLFormElement>(null);
  const typed = useWebhookFaults(draft);
  const { run, busy, failure } = useAction(async () => {
    const missing = unchosen(draft);
    setRefused(missing);
    if (missing.length > 0) return focusFault(form.current);
    try {
      await save();
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== '4000') throw error;
      setRefused(error.faults);
      focusFault(form.current);
    }
  });
  const amend = (part: Partial<Draft>) => {
    const touched = Object.keys(part).map((field) => (field === 'all' ? 'events' : field));
    setRefused(refused.filter((fault) => !touched.some((field) => fault.field.startsWith(field))));
    change({ ...draft, ...part });
  };
  const faults = merge(refused, typed);
  return (
    <form ref={form} noValidate onSubmit={(event) => { event.preventDefault(); void run(); }}>
      <section class="card">
        <Field label={t('url')} hint={t('url_hint')} errors={messagesOf(faults, 'url')}>
          {(attributes) => (
            <input {...attributes} type="text" inputMode="url" class="code" dir="ltr" value={draft.url} placeholder="https://example.com/hook" autocomplete="off" autocapitalize="off" spellcheck={false}
              onInput={(event) => amend({ url: event.currentTarget.value.trim() })} />
          )}
        </Field>
        <Field label={t('description')} optional hint={t('description_hint')} errors={messagesOf(faults, 'description')}>
          {(attributes) => <input {...attributes} type="text" dir="auto" value={draft.description} maxLength={400} autocomplete="off" onInput={(event) => amend({ description: event.currentTarget.value })} />}
        </Field>
      </section>
      <section class="card"><Events {...{ draft, amend }} errors={messagesOf(faults, 'events')} /></section>
      {failure && <Trouble failure={failure} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={busy}>{t(labels[busy ? 1 : 0])}</button>
        <Link class="button" to={cancel}>{t('cancel')}</Link>
      </div>
    </form>
  );
}

/** Every type of event, in words. */
const types: Record<WebhookEventType, Message> = {
  'api_key.created': 'type_created', 'api_key.updated': 'type_updated', 'api_key.rotated': 'type_rotated', 'api_key.disabled': 'type_disabled',
  'api_key.enabled': 'type_enabled', 'api_key.deleted': 'type_deleted', 'api_key.leaked': 'type_key_leaked', 'api_key.expiring': 'type_expiring',
  'api_key.expired': 'type_expired', 'api_key.limit_reached': 'type_limit_reached',
};

function Events({ draft, amend, errors }: { draft: Draft; amend: (part: Partial<Draft>) => void; errors: string[] }) {
  const toggle = (type: WebhookEventType, on: boolean) =>
    amend({ events: (Object.keys(types) as WebhookEventType[]).filter((one) => (one === type ? on : draft.events.includes(one))) });
  return (
    <fieldset class="field">
      <legend>{t('events')}</legend>
      <div class="segments">
        {([[true, 'trail_all'], [false, 'these_events']] as const).map(([all, label]) => (
          <label class="segment" key={label}>
            <input type="radio" name="all" checked={draft.all === all} onChange={() => amend({ all })} />
            <span>{t(label)}</span>
          </label>
        ))}
      </div>
      {draft.all ? <div class="hint">{t('all_events_hint')}</div> : (
        <div class="options events" role="group" aria-label={t('these_events')} aria-describedby="events-errors">
          {(Object.entries(types) as [WebhookEventType, Message][]).map(([type, label]) => (
            <label class="option" key={type}>
              <input type="checkbox" checked={draft.events.includes(type)} aria-invalid={errors.length > 0} onChange={(event) => toggle(type, event.currentTarget.checked)} />
              <span><strong>{t(label)}</strong><code class="id">{type}</code></span>
            </label>
          ))}
        </div>
      )}
      <Errors id="events-errors" errors={errors} />
    </fieldset>
  );
}
