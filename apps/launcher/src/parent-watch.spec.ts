import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

/** The watch as the service loads it, with the one import it has replaced by the timer behind it. */
function watchAsDataUrl(): string {
  const source = readFileSync(fileURLToPath(new URL('parent-watch.entry.ts', import.meta.url)), 'utf8');
  const { code } = transformSync(
    source.replace(/^import .*$/m, 'class SystemClock { setTimer(ms, run) { setTimeout(run, ms); } }'),
    {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    },
  );
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

function start(code: string) {
  return spawn(process.execPath, ['--import', watchAsDataUrl(), '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] });
}

describe('a service whose launcher is gone', () => {
  it('ends by its ordinary graceful stop', async () => {
    const child = start("process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 1000); console.log('up')");
    await once(child.stdout, 'data');
    child.stdin.destroy();
    expect(await once(child, 'exit')).toEqual([7, null]);
  });

  it('is not kept alive by the watch when it ends by itself', async () => {
    const child = start("console.log('done')");
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
