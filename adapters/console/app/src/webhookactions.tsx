// What can be done to a webhook, each after a question that says what it does.
import { useRef, useState } from 'preact/hooks';
import { webhooks, type CreatedWebhook, type Webhook } from './api';
import { useAction } from './load';
import { randomText } from './session';
import { t, type Message } from './text';
import { Foreign, Notice, Question, Rich } from './ui';
import { titleOf } from './webhooks';

interface Asked { of: Webhook; close: () => void }

export function RotateWebhookDialog({ of, close, done }: Asked & { done: (webhook: CreatedWebhook) => void }) {
  const once = useRef('');
  const [lost, setLost] = useState(false);
  const act = useAction(async () => {
    once.current ||= randomText();
    const { data } = await webhooks.rotate(of.webhookId, once.current);
    once.current = ''; // the next press is a new rotation
    if (data.secret) done(data);
    else setLost(true);
  });
  return (
    <Question title={t('rotate_title')} action={t('rotate_do')} {...{ close, act }}>
      <p>{t('webhook_rotate_hint')}</p>
      {lost && <Notice kind="warn" title={t('secret_lost')}><p>{t('webhook_rotate_lost')}</p></Notice>}
    </Question>
  );
}

export function DisableWebhookDialog({ of, close, done }: Asked & { done: () => void }) {
  const act = useAction(async () => { await webhooks.update(of.webhookId, { enabled: false }); done(); });
  return <Confirm {...{ of, close, act }} title="disable_webhook" hint="disable_webhook_hint" style="primary" />;
}

export function DeleteWebhookDialog({ of, close, done }: Asked & { done: () => void }) {
  const act = useAction(async () => { await webhooks.delete(of.webhookId); done(); });
  return <Confirm {...{ of, close, act }} title="delete_webhook" hint="delete_webhook_hint" style="danger solid" />;
}

function Confirm({ of, close, act, title, hint, style }: Asked & {
  act: ReturnType<typeof useAction<[]>>; title: Message; hint: Message; style: string;
}) {
  return (
    <Question title={t(title)} action={t(title)} {...{ style, close, act }}>
      <p><Rich message={hint} values={{ name: <strong><Foreign text={titleOf(of)} /></strong> }} /></p>
      <p><code class="id">{of.url}</code></p>
    </Question>
  );
}
