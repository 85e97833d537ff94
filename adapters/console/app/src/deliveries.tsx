// What became of the deliveries of a webhook. Status and page are in the address bar.
import { webhooks, type Delivery, type DeliveryStatus, type Webhook } from './api';
import { Choice, Pages } from './list';
import { useAction, useLoad, useRepeat } from './load';
import { amend, href, route } from './route';
import { session } from './session';
import { useSignal } from './signal';
import { t, type Message } from './text';
import { Badge, Link, Trouble, Waiting, When } from './ui';

const size = 20;
const statuses: [DeliveryStatus, Message][] = [
  ['PENDING', 'delivery_pending'], ['DELIVERED', 'delivery_delivered'], ['FAILED', 'delivery_failed'], ['DROPPED', 'delivery_dropped'],
];

// How often the list is read: soon while an attempt is due.
const soon = 2_000;
const later = 15_000;

const due = ({ nextAttemptAt }: Delivery) => nextAttemptAt !== null && Date.parse(nextAttemptAt) - Date.now() < later;

export function Deliveries({ of, version, seen }: { of: Webhook; version: number; seen: (webhook: Webhook) => void }) {
  const { query } = useSignal(route);
  const status = query.get('status') ?? '';
  const page = Math.max(0, (Number(query.get('page')) || 1) - 1);
  const asked = { status, page: String(page), size: String(size) };
  const id = of.webhookId;
  const loaded = useLoad(async (signal) => {
    // A delivery can disable the webhook, so both are read.
    const [list, now] = await Promise.all([webhooks.deliveries(id, asked, signal), webhooks.get(id, signal)]);
    if (!signal.aborted) seen(now.data);
    return list.data;
  }, [id, JSON.stringify(asked), version]);
  const { data, failure, reload } = loaded;
  useRepeat(loaded, data?.items.some(due) ? soon : later);
  const retry = useAction(async (delivery: string) => {
    try {
      await webhooks.retry(id, delivery);
    } finally {
      reload();
    }
  });
  return (
    <section aria-labelledby="deliveries">
      <div class="title-row">
        <h2 id="deliveries">{t('deliveries')}</h2>
        <Choice name="status" label={t('status')} value={status} options={[['', t('status_any')], ...statuses.map(([value, label]): [string, string] => [value, t(label)])]} />
      </div>
      {failure && <Trouble failure={failure} retry={reload} />}
      {retry.failure && <Trouble failure={retry.failure} />}
      {data === undefined ? (!failure && <Waiting />) : data.items.length === 0 ? (
        <div class="card quiet">
          <p>{t(status || data.total > 0 ? 'no_such_deliveries' : 'no_deliveries')}</p>
          {(status || data.total > 0) && <p><button type="button" onClick={() => amend({ status: '', page: '' })}>{t('clear_filters')}</button></p>}
        </div>
      ) : (
        <>
          <Table items={data.items} again={of.enabled ? (delivery) => void retry.run(delivery) : undefined} />
          <Pages page={page} total={data.total} size={size} />
        </>
      )}
    </section>
  );
}

function Table({ items, again }: { items: Delivery[]; again: ((delivery: string) => void) | undefined }) {
  return (
    <table class="keys deliveries">
      <thead>
        <tr>
          <th scope="col">{t('event')}</th>
          <th scope="col">{t('status')}</th>
          <th scope="col">{t('attempts')}</th>
          <th scope="col">{t('last_attempt')}</th>
          <th scope="col">{t('next_attempt')}</th>
          {again && <th scope="col"><span class="unseen">{t('retry_delivery')}</span></th>}
        </tr>
      </thead>
      <tbody>
        {items.map((delivery) => <Row key={delivery.deliveryId} {...{ delivery, again }} />)}
      </tbody>
    </table>
  );
}

function Row({ delivery, again }: { delivery: Delivery; again: ((delivery: string) => void) | undefined }) {
  const { deliveryId, apiKeyId, lastAttemptAt, nextAttemptAt } = delivery;
  return (
    <tr>
      <th scope="row">
        <code title={deliveryId}>{delivery.eventType}</code>
        {apiKeyId && <Link class="of-key" to={href(session.get()?.workspace ?? '', ['keys', apiKeyId])}><code>{apiKeyId}</code></Link>}
      </th>
      <td data-label={t('status')}><span class="badges"><Badge of={delivery.status} /></span></td>
      <td data-label={t('attempts')}>{delivery.attempts}</td>
      <td data-label={t('last_attempt')}>
        {lastAttemptAt ? <span class="outcome"><span>{delivery.lastStatus ? `HTTP ${delivery.lastStatus}` : t('no_response')}</span> <span class="quiet"><When at={lastAttemptAt} /></span></span> : <span class="quiet">{t('none')}</span>}
      </td>
      <td data-label={t('next_attempt')}>{!nextAttemptAt ? <span class="quiet">{t('none')}</span> : Date.parse(nextAttemptAt) <= Date.now() ? t('now') : <When at={nextAttemptAt} />}</td>
      {again && <td class="act"><button type="button" onClick={() => again(deliveryId)}>{t('retry_delivery')}</button></td>}
    </tr>
  );
}
