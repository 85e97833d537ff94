// What can be done to a webhook, each after a question that says what it does.
import { useRef, useState } from 'preact/hooks';
import { webhooks, type CreatedWebhook, type Webhook } from './api';
import { useAction } from './load';
import { randomText } from './session';
import { t, type Message } from './text';
import { Dialog, Foreign, Notice, Rich, Trouble } from './ui';
import { titleOf } from './webhooks';

interface Asked { of: Webhook; close: () => void }

export function RotateWebhookDialog({ of, close, done }: Asked & { done: (webhook: CreatedWebhook) => void }) {
  const once = useRef('');
  const [lost, setLost] = useState(false);
  const { run, busy, failure } = useAction(async () => {
    once.current ||= randomText();
    const { data } = await webhooks.rotate(of.webhookId, once.current);
    once.current = ''; // the next press is a new rotation
    if (data.secret) done(data);
    else setLost(true);
  });
  return (
    <Dialog title={t('rotate_title')} close={close}>
      <p>{t('webhook_rotate_hint')}</p>
      {lost && <Notice kind="warn" title={t('secret_lost')}><p>{t('webhook_rotate_lost')}</p></Notice>}
      {failure && <Trouble failure={failure} />}
      <div class="actions">
        <button type="button" class="primary" disabled={busy} onClick={() => void run()}>{t('rotate_do')}</button>
        <button type="button" onClick={close}>{t('cancel')}</button>
      </div>
    </Dialog>
  );
}

export function DisableWebhookDialog({ of, close, done }: Asked & { done: () => void }) {
  const act = useAction(async () => { await webhooks.update(of.webhookId, { enabled: false }); done(); });
  return <Question {...{ of, close, act }} title="disable_webhook" hint="disable_webhook_hint" style="primary" />;
}

export function DeleteWebhookDialog({ of, close, done }: Asked & { done: () => void }) {
  const act = useAction(async () => { await webhooks.delete(of.webhookId); done(); });
  return <Question {...{ of, close, act }} title="delete_webhook" hint="delete_webhook_hint" style="danger solid" />;
}

function Question({ of, close, act: { run, busy, failure }, title, hint, style }: Asked & {
  act: ReturnType<typeof useAction<[]>>; title: Message; hint: Message; style: string;
}) {
  return (
    <Dialog title={t(title)} close={close}>
      <p><Rich message={hint} values={{ name: <strong><Foreign text={titleOf(of)} /></strong> }} /></p>
      <p><code class="id">{of.url}</code></p>
      {failure && <Trouble failure={failure} />}
      <div class="actions">
        <button type="button" class={style} disabled={busy} onClick={() => void run()}>{t(title)}</button>
        <button type="button" onClick={close}>{t('cancel')}</button>
      </div>
    </Dialog>
  );
}
