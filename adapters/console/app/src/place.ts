// Where the page is: below which URL its views are, and what the server says of it.

/** The URL of the page, such as https://keys.example/console, without a slash. */
export const home = new URL('.', import.meta.url).href.replace(/\/$/, '');

/** The URL of the API that belongs to the page. */
export const api = new URL('../web/v1', import.meta.url).href;

const said = document.documentElement.dataset;

/** The origins whose pages may send a token. */
export const portals = (said['origins'] ?? '').split(' ').filter(Boolean);

/** Whether the server has a token for whoever asks (development). */
export const demo = said['demo'] === 'true';
