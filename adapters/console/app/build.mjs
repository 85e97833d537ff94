// Builds the page: node build.mjs writes ../dist, node build.mjs --check compares it
// with the sources. Names have a part of the digest of the content. Compressed files
// are compared by what they contain, because compressors differ between versions.
import { build } from '../../../.cache/typescript/node_modules/esbuild/lib/main.js';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from 'node:zlib';

const app = dirname(fileURLToPath(import.meta.url));
const dist = join(app, '../dist');

const { outputFiles } = await build({
  absWorkingDir: app,
  entryPoints: { main: 'src/main.tsx' },
  outdir: dist,
  write: false,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: ['chrome109', 'firefox115', 'safari16.4'],
  minify: true,
  charset: 'utf8',
  preserveSymlinks: true, // names depend on paths, and .cache may be a link
  legalComments: 'none',
  entryNames: '[name].[hash]',
  chunkNames: '[name].[hash]',
  logLevel: 'warning',
});
const files = new Map(outputFiles.map((file) => [file.path.slice(dist.length + 1), Buffer.from(file.contents)]));
const icon = readFileSync(join(app, 'icon.svg'));
files.set(`icon.${createHash('sha256').update(icon).digest('hex').slice(0, 8)}.svg`, icon);
const licence = readFileSync(join(app, '../../../.cache/typescript/node_modules/preact/LICENSE'));
files.set(`licenses.${createHash('sha256').update(licence).digest('hex').slice(0, 8)}.txt`, Buffer.concat([Buffer.from('preact\n\n'), licence]));

let page = readFileSync(join(app, 'page.html'), 'utf8');
for (const name of files.keys()) page = page.replace(`{${name.replace(/\.[^.]+(\.[^.]+)$/, '$1')}}`, name);

if (process.argv.includes('--check')) {
  check();
} else {
  write();
}

function write() {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  writeFileSync(join(dist, 'page.html'), page);
  for (const [name, content] of files) {
    writeFileSync(join(dist, `${name}.gz`), gzipSync(content, { level: 9 }));
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
    writeFileSync(join(dist, `${name}.br`), brotliCompressSync(content, { params }));
  }
}

function check() {
  const wanted = new Set(['page.html', ...[...files.keys()].flatMap((name) => [`${name}.gz`, `${name}.br`])]);
  const found = new Set(existsSync(dist) ? readdirSync(dist) : []);
  const faults = [...wanted].filter((name) => !found.has(name)).map((name) => `${name} is missing`);
  faults.push(...[...found].filter((name) => !wanted.has(name)).map((name) => `${name} is not built from the sources`));
  if (faults.length === 0) {
    if (readFileSync(join(dist, 'page.html'), 'utf8') !== page) faults.push('page.html differs');
    for (const [name, content] of files) {
      if (!gunzipSync(readFileSync(join(dist, `${name}.gz`))).equals(content)) faults.push(`${name}.gz differs`);
      if (!brotliDecompressSync(readFileSync(join(dist, `${name}.br`))).equals(content)) faults.push(`${name}.br differs`);
    }
  }
  if (faults.length > 0) {
    console.error(faults.join('\n'));
    process.exitCode = 1;
  }
}
