// The webhooks of the workspace, of which there are few.
import { webhooks, type Webhook } from './api';
import { useLoad } from './load';
import { href } from './route';
import { session } from './session';
import { count, t } from './text';
import { Badge, Foreign, Heading, Icon, Link, Trouble, Waiting, When } from './ui';

export function WebhookList() {
  const workspace = session.get()?.workspace ?? '';
  const { data, failure, reload } = useLoad(async (signal) => (await webhooks.list(signal)).data, []);
  return (
    <>
      <div class="title-row">
        <Heading>{t('webhooks')}</Heading>
        <Link class="button primary" to={href(workspace, ['webhooks', 'new'])}><Icon name="plus" />{t('new_webhook')}</Link>
      </div>
      {failure && <Trouble failure={failure} retry={reload} />}
      {data === undefined ? (!failure && <Waiting lines={3} />) : data.items.length === 0 ? <Empty workspace={workspace} /> : (
        <>
          <p class="quiet" role="status">{count('webhooks_found', data.total)}</p>
          <WebhookTable items={data.items} workspace={workspace} />
        </>
      )}
    </>
  );
}

function WebhookTable({ items, workspace }: { items: Webhook[]; workspace: string }) {
  return (
    <table class="keys">
      <thead>
        <tr>
          <th scope="col">{t('webhook')}</th>
          <th scope="col">{t('status')}</th>
          <th scope="col">{t('events')}</th>
          <th scope="col">{t('created')}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((webhook) => (
          <tr key={webhook.webhookId}>
            <th scope="row">
              <Link class="key-name" to={href(workspace, ['webhooks', webhook.webhookId])}><Foreign text={titleOf(webhook)} /></Link>
              <code class="id">{webhook.url}</code>
            </th>
            <td data-label={t('status')}><span class="badges"><Badge of={webhook.enabled ? 'ACTIVE' : 'DISABLED'} /></span></td>
            <td data-label={t('events')}>{webhook.events.length === 0 ? t('trail_all') : count('events_chosen', webhook.events.length)}</td>
            <td data-label={t('created')}><When at={webhook.createdAt} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What a person calls a webhook: its description or, without one, its host. */
export function titleOf(webhook: { url: string; description: string }): string {
  if (webhook.description.trim() !== '') return webhook.description;
  return URL.canParse(webhook.url) ? new URL(webhook.url).host : webhook.url;
}

function Empty({ workspace }: { workspace: string }) {
  return (
    <div class="empty">
      <svg class="drawing" viewBox="0 0 120 72" aria-hidden="true"><rect x="8" y="10" width="104" height="52" rx="12" /><circle cx="36" cy="36" r="8" /><path d="M44 36h22m-6-6 6 6-6 6M74 28h14v16H74z" /></svg>
      <h2>{t('no_webhooks')}</h2>
      <p>{t('no_webhooks_hint')}</p>
      <Link class="button primary" to={href(workspace, ['webhooks', 'new'])}><Icon name="plus" />{t('first_webhook')}</Link>
    </div>
  );
}
