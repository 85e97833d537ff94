// The secret, once. It is in this view's memory, and leaves the page with it.
import { useEffect, useId, useState } from 'preact/hooks';
import { guard, held } from './route';
import { useSignal } from './signal';
import { t } from './text';
import { Copy, Foreign, Heading, Icon, Notice } from './ui';

interface Shown { secret: string; name: string; id: string; title: string; note?: string; close: () => void }

export function SecretView({ secret, name, id, title, note, close }: Shown) {
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
          <button type="button" onClick={() => download(`API_KEY=${secret}\n`, `${id}.env`)}><Icon name="down" />{t('download')}</button>
        </div>
        <label class="check">
          <input type="checkbox" checked={stored} onChange={(event) => setStored(event.currentTarget.checked)} />
          <span>{t('secret_stored')}</span>
        </label>
        <button type="button" class={stored ? 'primary' : ''} disabled={!stored} onClick={leave}>{t('close_secret')}</button>
      </div>
      <Examples secret={secret} />
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

function examples(secret: string): [string, string][] {
  return [
    ['curl', `export API_KEY='${secret}'\ncurl -H "X-Api-Key: $API_KEY" ${service}`],
    ['Go', `req, err := http.NewRequestWithContext(ctx, http.MethodGet, "${service}", nil)\nif err != nil {\n\treturn err\n}\nreq.Header.Set("X-Api-Key", os.Getenv("API_KEY"))\nres, err := http.DefaultClient.Do(req)`],
    ['TypeScript', `const res = await fetch('${service}', {\n  headers: { 'X-Api-Key': process.env.API_KEY! },\n});`],
  ];
}

function Examples({ secret }: { secret: string }) {
  const [open, setOpen] = useState(0);
  const id = useId();
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
      <h2>{t('use_it')}</h2>
      <p class="quiet">{t('use_it_hint')}</p>
      <div class="tabs" role="tablist" aria-label={t('use_it')} onKeyDown={move}>
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
