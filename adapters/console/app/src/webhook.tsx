// One webhook: what it receives, what can be done to it, and what became of its deliveries.
import { useState } from 'preact/hooks';
import { webhooks, type CreatedWebhook, type Webhook } from './api';
import { Deliveries } from './deliveries';
import { useAction, useLoad } from './load';
import { amend, go, href } from './route';
import { SecretView } from './secret';
import { session } from './session';
import { t, type Message } from './text';
import { Badge, Copy, Foreign, Heading, Link, Moment, Notice, Trouble, Waiting } from './ui';
import { DeleteWebhookDialog, DisableWebhookDialog, RotateWebhookDialog } from './webhookactions';
import { titleOf } from './webhooks';

export function WebhookView({ id }: { id: string }) {
  const workspace = session.get()?.workspace ?? '';
  const { data, failure, reload, set } = useLoad(async (signal) => (await webhooks.get(id, signal)).data, [id]);
  const [rotated, setRotated] = useState<CreatedWebhook>();
  if (rotated?.secret) {
    return (
      <SecretView
        of="webhook" secret={rotated.secret} name={titleOf(rotated)} id={id} title={t('secret_rotated')} note={t('webhook_rotated')}
        close={() => { setRotated(undefined); reload(); }}
      />
    );
  }
  return (
    <>
      <Link class="back" to={href(workspace, ['webhooks'])}>{t('webhooks')}</Link>
      {data ? <WebhookPage value={data} seen={set} refresh={reload} rotated={setRotated} failure={failure && <Trouble failure={failure} retry={reload} />} /> : (
        <>
          <Heading>{t('webhook')}</Heading>
          {failure ? <Trouble failure={failure} {...(failure.code !== '4042' && { retry: reload })} /> : <Waiting lines={8} />}
        </>
      )}
    </>
  );
}

type Question = 'rotate' | 'disable' | 'delete';

const stopped: Record<string, [Message, Message]> = {
  OWNER: ['stopped_owner', 'stopped_hint'], GONE: ['stopped_gone', 'stopped_gone_hint'], FAILING: ['stopped_failing', 'stopped_failing_hint'],
};

function WebhookPage({ value, seen, refresh, rotated, failure }: {
  value: Webhook; seen: (webhook: Webhook) => void; refresh: () => void; rotated: (webhook: CreatedWebhook) => void; failure: preact.ComponentChildren;
}) {
  const workspace = session.get()?.workspace ?? '';
  const [question, setQuestion] = useState<Question>();
  const [sent, setSent] = useState(0); // tests
  const [version, setVersion] = useState(0); // of the deliveries
  const id = value.webhookId;
  const close = () => setQuestion(undefined);
  const enable = useAction(async () => { await webhooks.update(id, { enabled: true }); refresh(); });
  const test = useAction(async () => {
    await webhooks.test(id);
    amend({ status: '', page: '' }); // where the test is seen
    setSent((n) => n + 1);
    setVersion((n) => n + 1);
  });
  const [why, hint] = stopped[value.disabledReason ?? 'OWNER'] ?? ['stopped_owner', 'stopped_hint'];
  return (
    <>
      <div class="title-row together">
        <Heading><Foreign text={titleOf(value)} /></Heading>
        <Badge of={value.enabled ? 'ACTIVE' : 'DISABLED'} />
      </div>
      <p class="id-row"><code class="id">{id}</code> <Copy text={id} label={t('copy_id')} /></p>
      <div class="actions key-actions">
        {value.enabled
          ? <button type="button" onClick={() => void test.run()}>{t('send_test')}</button>
          : <button type="button" class="primary" onClick={() => void enable.run()}>{t('enable')}</button>}
        <Link class="button" to={href(workspace, ['webhooks', id, 'edit'])}>{t('edit')}</Link>
        <button type="button" onClick={() => setQuestion('rotate')}>{t('rotate')}</button>
        {value.enabled && <button type="button" onClick={() => setQuestion('disable')}>{t('disable')}</button>}
        <button type="button" class="danger" onClick={() => setQuestion('delete')}>{t('delete')}</button>
        <span class="unseen" role="status">{sent > 0 && t('test_sent')}</span>
      </div>
      {failure}
      {enable.failure && <Trouble failure={enable.failure} />}
      {test.failure && <Trouble failure={test.failure} />}
      {!value.enabled && <Notice kind={value.disabledReason === 'OWNER' ? 'info' : 'warn'} title={t(why)}><p>{t(hint)}</p></Notice>}
      <section class="card webhook-facts" aria-labelledby="facts">
        <h2 id="facts">{t('details')}</h2>
        <dl class="facts">
          <div><dt>{t('url')}</dt><dd><code>{value.url}</code></dd></div>
          <div><dt>{t('events')}</dt><dd>{value.events.length === 0 ? t('trail_all') : <span class="codes">{value.events.map((event) => <code key={event}>{event}</code>)}</span>}</dd></div>
          <div><dt>{t('created')}</dt><dd><Moment at={value.createdAt} /> <span class="quiet"><bdi>{value.createdBy}</bdi></span></dd></div>
        </dl>
      </section>
      <Deliveries of={value} version={version} seen={seen} />
      {question === 'rotate' && <RotateWebhookDialog of={value} close={close} done={(webhook) => { close(); rotated(webhook); }} />}
      {question === 'disable' && <DisableWebhookDialog of={value} close={close} done={() => { close(); refresh(); setVersion((n) => n + 1); }} />}
      {question === 'delete' && <DeleteWebhookDialog of={value} close={close} done={() => { close(); go(href(workspace, ['webhooks'])); }} />}
    </>
  );
}
