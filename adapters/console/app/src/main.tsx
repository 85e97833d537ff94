import './style.css';
import { render } from 'preact';
import { App } from './app';
import { watch } from './session';
import { languages, match, speak, type Language } from './text';

const wanted = new URLSearchParams(location.search).get('lang') ?? '';
watch();
// A relative URL would be resolved anew, against the view, whenever the address changes.
for (const link of document.querySelectorAll<HTMLLinkElement>('link[rel=icon]')) link.href = link.href;
void speak(wanted in languages ? (wanted as Language) : match(navigator.languages)).finally(() => {
  const root = document.getElementById('app');
  if (root) render(<App />, root);
});
