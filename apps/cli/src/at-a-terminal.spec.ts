import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SystemClock } from '@rackwright/kernel';
import { aPlan, aRun, aStep, ContractServer, TOKEN } from '@rackwright/client/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cli } from './cli.js';
import { runCommandLine } from './program.js';
import type { Terminal } from './terminal.js';

/** A terminal with somebody in front of it who says the same to every question. */
class Person implements Terminal {
  readonly outIsTty = true;
  readonly errIsTty = true;
  readonly inIsTty = true;
  readonly columns = 60;
  readonly asked: string[] = [];
  said = '';
  shown = '';

  constructor(private readonly says: string) {}

  out = (text: string): void => void (this.said += text);
  err = (text: string): void => void (this.shown += text);
  readInput = (): Promise<string> => Promise.resolve('');
  ask = (question: string): Promise<string> => {
    this.asked.push(question);
    return Promise.resolve(this.says);
  };
  askSecret = (question: string): Promise<string> => this.ask(question);
}

describe('at a terminal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rackwright-terminal-'));
  let server: ContractServer;

  beforeEach(async () => {
    server = await ContractServer.start();
    server.on('POST /plans', () => ({ status: 201, body: aPlan() }));
    server.on('POST /plans/pln_1/runs', () => ({ status: 202, body: { runId: 'run_1' } }));
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function run(person: Person, ...args: string[]): Promise<number> {
    const config = { url: server.url, token: TOKEN, configFolder: folder, colour: true };
    return runCommandLine(new Cli(person, config, new SystemClock(20)), args);
  }

  it('the plan is shown before the question, and no is no', async () => {
    const person = new Person('');
    expect(await run(person, 'migrate', 'mail-1')).toBe(1);
    expect(person.asked).toEqual(['Do it? [y/N] ']);
    expect(person.shown).toContain('port 7 carries VLAN 20');
    expect(server.asked('POST /plans/pln_1/runs')).toEqual([]);
  });

  it('a severe change wants the name typed', async () => {
    const wrong = new Person('y');
    expect(await run(wrong, 'disassociate', 'mail-1')).toBe(1);
    expect(server.asked('POST /plans/pln_1/runs')).toEqual([]);
    const right = new Person('mail-1');
    expect(await run(right, 'disassociate', 'mail-1')).toBe(0);
    expect(right.asked[0]).toContain('Type mail-1');
    expect(right.said).toBe('run_1\n');
  });

  it('a run is drawn over itself, no line wider than the terminal', async () => {
    const note = 'the BMC does not answer and will be asked again and again';
    server.onSequence('GET /runs/run_1', [
      aRun('running', {
        steps: [aStep({ state: 'retrying', attempt: 2, note }), aStep({ step: 'b', state: 'waiting' })],
      }),
      aRun('done'),
    ]);
    const person = new Person('y');
    expect(await run(person, 'run', 'watch', 'run_1')).toBe(0);
    expect(person.shown).toContain('\u001b[3A');
    const lines = person.shown.split('\n').map((line) => line.replace(/\u001b\[\d*[A-Za-z]/gu, ''));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(60);
    expect(person.shown).toContain('done\u001b[0m after 1 min 35 s');
  });
});
