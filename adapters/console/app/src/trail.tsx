// The audit trail of a key, as sentences.
import { useState } from 'preact/hooks';
import { keys, type Change, type KeyEvent } from './api';
import { useAction, useLoad } from './load';
import { t, type Message } from './text';
import { Moment, Rich, Trouble, Waiting } from './ui';
import { fieldName, recorded } from './values';

const sentences: Record<KeyEvent['type'], Message> = {
  CREATED: 'event_created', UPDATED: 'event_updated', ROTATED: 'event_rotated', DISABLED: 'event_disabled',
  ENABLED: 'event_enabled', DELETED: 'event_deleted', KEY_LEAKED: 'event_leaked',
};

export function Trail({ id, version }: { id: string; version: number }) {
  const { data, failure, reload, set } = useLoad(async (signal) => (await keys.events(id, 0, signal)).data, [id, version]);
  const [type, setType] = useState('');
  const more = useAction(async () => {
    if (!data) return;
    const next = (await keys.events(id, Math.floor(data.items.length / data.size))).data;
    const known = new Set(data.items.map((event) => event.eventId));
    set({ ...next, items: [...data.items, ...next.items.filter((event) => !known.has(event.eventId))] });
  });
  const types = [...new Set(data?.items.map((event) => event.type))];
  const shown = data?.items.filter((event) => type === '' || event.type === type) ?? [];
  return (
    <section class="card" aria-labelledby="trail">
      <div class="title-row">
        <h2 id="trail">{t('trail')}</h2>
        {types.length > 1 && (
          <select aria-label={t('trail_filter')} value={type} onChange={(event) => setType(event.currentTarget.value)}>
            <option value="">{t('trail_all')}</option>
            {types.map((known) => <option key={known} value={known}>{t(`type_${known.toLowerCase()}` as Message)}</option>)}
          </select>
        )}
      </div>
      {failure && <Trouble failure={failure} retry={reload} />}
      {data ? (
        <ol class="trail">
          {shown.map((event) => <Entry key={event.eventId} event={event} />)}
        </ol>
      ) : !failure && <Waiting />}
      {more.failure && <Trouble failure={more.failure} />}
      {data && data.items.length < data.total && <button type="button" onClick={() => void more.run()}>{t('trail_more')}</button>}
    </section>
  );
}

function Entry({ event }: { event: KeyEvent }) {
  // What a key is created with, and which status it has after, is on the page.
  const changes = event.type === 'UPDATED' || event.type === 'ROTATED' || event.type === 'KEY_LEAKED' ? event.changes : [];
  return (
    <li class={event.type.toLowerCase()}>
      <p><Rich message={sentences[event.type]} values={{ who: <strong><bdi>{event.accountId}</bdi></strong> }} /></p>
      {changes.map((change) => <ChangeLine key={change.field} change={change} />)}
      <p class="quiet small">
        <Moment at={event.at} />{event.ip && <> · <code>{event.ip}</code></>} · <span title={t('request_id')}><code>{event.requestId}</code></span>
      </p>
    </li>
  );
}

function ChangeLine({ change }: { change: Change }) {
  const message = change.old === null ? 'change_set' : 'change_from_to';
  return <p class="change"><Rich message={message} values={{ field: fieldName(change.field), old: recorded(change.field, change.old), new: recorded(change.field, change.new) }} /></p>;
}
