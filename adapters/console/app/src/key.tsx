// One key: what it may do, what can be done to it, and what was done.
import { useState } from 'preact/hooks';
import { keys, type Key, type RotatedKey } from './api';
import { DeleteDialog, DisableDialog, RotateDialog } from './actions';
import { Meter, useLeft } from './left';
import { useAction, useLoad } from './load';
import { go, href } from './route';
import { SecretView } from './secret';
import { session } from './session';
import { moment, t } from './text';
import { Trail } from './trail';
import { Badge, Copy, Foreign, Heading, Link, Moment, Trouble, Waiting, When } from './ui';
import { OldSecret, ScopeUse, UsageCard, useUsage } from './usage';
import { describe, limitText, quotaText } from './values';

type Question = 'rotate' | 'disable' | 'delete';

export function KeyView({ id }: { id: string }) {
  const workspace = session.get()?.workspace ?? '';
  const { data, failure, reload } = useLoad(async (signal) => (await keys.get(id, signal)).data, [id]);
  const [version, setVersion] = useState(0);
  const [rotated, setRotated] = useState<RotatedKey & { until?: string }>();
  const refresh = () => { reload(); setVersion((n) => n + 1); };
  if (rotated?.secret) {
    const note = rotated.until ? t('rotated_grace', { until: moment(rotated.until) }) : t('rotated_at_once');
    return <SecretView of="key" secret={rotated.secret} name={rotated.name} id={id} title={t('secret_rotated')} note={note} close={() => { setRotated(undefined); refresh(); }} />;
  }
  return (
    <>
      <Link class="back" to={href(workspace)}>{t('keys')}</Link>
      {data ? (
        <KeyPage value={data} version={version} refresh={refresh} rotated={setRotated} failure={failure && <Trouble failure={failure} retry={reload} />} />
      ) : (
        <>
          <Heading>{t('key')}</Heading>
          {failure ? <Trouble failure={failure} {...(failure.code !== '4040' && { retry: reload })} /> : <Waiting lines={8} />}
          {failure?.code === '4040' && <Trail id={id} version={version} />}
        </>
      )}
    </>
  );
}

function KeyPage({ value, version, refresh, rotated, failure }: {
  value: Key; version: number; refresh: () => void; rotated: (key: RotatedKey & { until?: string }) => void; failure: preact.ComponentChildren;
}) {
  const workspace = session.get()?.workspace ?? '';
  const [question, setQuestion] = useState<Question>();
  const id = value.apiKeyId;
  const usage = useUsage(id, version);
  const left = useLeft(value, version);
  const enable = useAction(async () => { await keys.enable(id); refresh(); });
  const close = () => setQuestion(undefined);
  return (
    <>
      <div class="title-row together">
        <Heading><Foreign text={value.name} /></Heading>
        <span class="badges"><Badge of={value.status} /><Badge of={value.mode} /></span>
      </div>
      <p class="id-row"><code class="id">{id}</code> <Copy text={id} label={t('copy_id')} /></p>
      <div class="actions key-actions">
        <Link class="button" to={href(workspace, ['keys', id, 'edit'])}>{t('edit')}</Link>
        {value.status !== 'EXPIRED' && <button type="button" onClick={() => setQuestion('rotate')}>{t('rotate')}</button>}
        {value.status === 'DISABLED'
          ? <button type="button" onClick={() => void enable.run()}>{t('enable')}</button>
          : <button type="button" onClick={() => setQuestion('disable')}>{t('disable')}</button>}
        <button type="button" class="danger" onClick={() => setQuestion('delete')}>{t('delete')}</button>
      </div>
      {failure}
      {enable.failure && <Trouble failure={enable.failure} />}
      {usage.data && <OldSecret of={value} usage={usage.data} refresh={refresh} />}
      <div class="columns">
        <section class="card" aria-labelledby="facts">
          <h2 id="facts">{t('details')}</h2>
          <dl class="facts">
            <div><dt>{t('scopes')}</dt><dd>{usage.data ? <ScopeUse scopes={usage.data.scopes} /> : value.scopes.length === 0 ? t('no_access') : describe('scopes', value.scopes)}</dd></div>
            <div><dt>{t('ip_whitelist')}</dt><dd>{value.ipWhitelist.length === 0 ? t('any_address') : describe('ipWhitelist', value.ipWhitelist)}</dd></div>
            <div><dt>{t('expiry')}</dt><dd>{value.expiresAt ? <><Moment at={value.expiresAt} /> <span class="quiet">(<When at={value.expiresAt} />)</span></> : t('never_expires')}</dd></div>
            <div><dt>{t('last_used')}</dt><dd>{value.lastUsedAt ? <><When at={value.lastUsedAt} /> <span class="quiet">{moment(value.lastUsedAt)}</span></> : t('never_used')}</dd></div>
            <div><dt>{t('created')}</dt><dd><Moment at={value.createdAt} /> <span class="quiet"><bdi>{value.createdBy}</bdi></span></dd></div>
          </dl>
        </section>
        <section class="card" aria-labelledby="limits">
          <h2 id="limits">{t('limits')}</h2>
          <dl class="facts">
            {value.rateLimits.map((limit) => (
              <div key={limit.name}><dt id={`limit-${limit.name}`}>{t('rate_limit')} <code>{limit.name}</code></dt><dd>{limitText(limit)}</dd><Meter name={limit.name} label={`limit-${limit.name}`} left={left} /></div>
            ))}
            {value.rateLimits.length === 0 && <div><dt>{t('rate_limits')}</dt><dd class="quiet">{t('none')}</dd></div>}
            <div><dt id="limit-quota">{t('quota')}</dt><dd>{value.quota ? quotaText(value.quota) : <span class="quiet">{t('none')}</span>}</dd>{value.quota && <Meter name="quota" label="limit-quota" left={left} />}</div>
          </dl>
          {left.failure && <Trouble failure={left.failure} retry={left.reload} />}
        </section>
      </div>
      <UsageCard usage={usage} />
      <Trail id={id} version={version} />
      {question === 'rotate' && <RotateDialog of={value} close={close} done={(key, until) => { close(); rotated(until ? { ...key, until } : key); if (!key.secret) refresh(); }} />}
      {question === 'disable' && <DisableDialog of={value} close={close} done={() => { close(); refresh(); }} />}
      {question === 'delete' && <DeleteDialog of={value} close={close} done={() => { close(); go(href(workspace)); }} />}
    </>
  );
}
