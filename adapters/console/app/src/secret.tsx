// The secret of a key or of a webhook, once. It is in this view's memory, and leaves the
// page with it.
import { useEffect, useId, useState } from 'preact/hooks';
import { guard, held } from './route';
import { useSignal } from './signal';
import { t, type Message } from './text';
import { Copy, Foreign, Heading, Icon, Notice } from './ui';

type Owner = 'key' | 'webhook'; // of the secret

interface Shown { of: Owner; secret: string; name: string; id: string; title: string; note?: string; close: () => void }

export function SecretView({ of, secret, name, id, title, note, close }: Shown) {
  const [stored, setStored] = useState(false);
  const [attempts] = useState(held.get());
  const insisted = useSignal(held) > attempts;
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    guard(true);
    window.addEventListener('beforeunload', warn);
    return () => { guard(false); window.removeEventListener('beforeunload', warn); };
  }, []);
  const leave = () => { guard(false); close(); };
  return (
    <div class="narrow secret-view">
      <Heading>{title}</Heading>
      <p class="lead"><Foreign text={name} /> <code class="id">{id}</code></p>
      <Notice kind={insisted && !stored ? 'bad' : 'warn'} title={t('secret_once')}><p>{t('secret_once_hint')}</p></Notice>
      {note && <Notice>{note}</Notice>}
      <div class="card">
        <code class="secret" aria-label={t('secret')} tabIndex={0}>{secret}</code>
        <div class="actions">
          <Copy primary text={secret} label={t('copy_secret')} />
          <button type="button" onClick={() => download(`${ways[of].variable}=${secret}\n`, `${id}.env`)}><Icon name="down" />{t('download')}</button>
        </div>
        <label class="check">
          <input type="checkbox" checked={stored} onChange={(event) => setStored(event.currentTarget.checked)} />
          <span>{t('secret_stored')}</span>
        </label>
        <button type="button" class={stored ? 'primary' : ''} disabled={!stored} onClick={leave}>{t('close_secret')}</button>
      </div>
      <Examples of={of} secret={secret} />
    </div>
  );
}

const lost: Record<Owner, [Message, Message]> = { key: ['secret_lost_hint', 'to_the_key'], webhook: ['webhook_secret_lost_hint', 'to_the_webhook'] };

/** Says that a request was carried out whose response, with the secret, did not arrive. */
export function SecretLost({ of, title, close }: { of: Owner; title: string; close: () => void }) {
  return (
    <div class="narrow">
      <Heading>{title}</Heading>
      <Notice kind="warn" title={t('secret_lost')}><p>{t(lost[of][0])}</p></Notice>
      <div class="actions"><button type="button" class="primary" onClick={close}>{t(lost[of][1])}</button></div>
    </div>
  );
}

function download(text: string, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

const service = 'https://api.example.com/v1/payments';

/** How programs get a secret, and what they do with it. */
const ways: Record<Owner, { variable: string; title: Message; hint: Message; examples: (secret: string) => [string, string][] }> = {
  key: {
    variable: 'API_KEY', title: 'use_it', hint: 'use_it_hint',
    examples: (secret) => [
      ['curl', `export API_KEY='${secret}'\ncurl -H "X-Api-Key: $API_KEY" ${service}`],
      ['Go', `req, err := http.NewRequestWithContext(ctx, http.MethodGet, "${service}", nil)\nif err != nil {\n\treturn err\n}\nreq.Header.Set("X-Api-Key", os.Getenv("API_KEY"))\nres, err := http.DefaultClient.Do(req)`],
      ['TypeScript', `const res = await fetch('${service}', {\n  headers: { 'X-Api-Key': process.env.API_KEY! },\n});`],
    ],
  },
  webhook: {
    variable: 'WEBHOOK_SECRET', title: 'verify', hint: 'verify_hint',
    examples: () => [
      ['Go', 'secret := os.Getenv("WEBHOOK_SECRET")\nbody, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))\nif err != nil || webhook.Verify(r.Header, body, secret) != nil {\n\thttp.Error(w, "not signed", http.StatusUnauthorized)\n\treturn\n}\nevent, err := webhook.Parse(body)'],
      ['TypeScript', "import { Webhook } from 'standardwebhooks';\n\nconst webhook = new Webhook(process.env.WEBHOOK_SECRET!);\nconst event = webhook.verify(body, headers); // throws if it is not signed"],
    ],
  },
};

function Examples({ of, secret }: { of: Owner; secret: string }) {
  const [open, setOpen] = useState(0);
  const id = useId();
  const { title, hint, examples } = ways[of];
  const all = examples(secret);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = (open + step + all.length) % all.length;
    setOpen(next);
    document.getElementById(`${id}-${next}`)?.focus();
  };
  const code = all[open]?.[1] ?? '';
  return (
    <section class="card">
      <h2>{t(title)}</h2>
      <p class="quiet">{t(hint)}</p>
      <div class="tabs" role="tablist" aria-label={t(title)} onKeyDown={move}>
        {all.map(([name], i) => (
          <button key={name} type="button" role="tab" id={`${id}-${i}`} aria-selected={i === open} aria-controls={`${id}-panel`} tabIndex={i === open ? 0 : -1} onClick={() => setOpen(i)}>{name}</button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${open}`}>
        <pre tabIndex={0}><code>{code}</code></pre>
        <Copy text={code} label={t('copy_lines')} />
      </div>
    </section>
  );
}
