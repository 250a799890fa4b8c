import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { context, metrics as otelMetrics, trace as otelTrace } from '@opentelemetry/api';
import { build, stop } from 'esbuild';
import { AppError, IdFactory, SystemClock, SystemRandom } from '@rackwright/kernel';
import {
  createLogger,
  currentTrace,
  extractTrace,
  formatTraceparent,
  injectTrace,
  inSaga,
  isRecording,
  metrics,
  MetricsRegistry,
  newTrace,
  parseTraceparent,
  recordCarrier,
  showOtelMetrics,
  startExport,
  traceOfSaga,
  withFields,
  withoutScope,
  withSpan,
  withTrace,
} from './index.js';

function capture(level = 'info') {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { lines, log: createLogger({ service: 'power', level, destination: { write } }) };
}

describe('the trace context', () => {
  it('goes with a message and on at the receiver', () => {
    const headers: Record<string, string> = {};
    const sent = withSpan('send', {}, (span) => {
      injectTrace(recordCarrier(headers));
      return span.context;
    });
    expect(headers['traceparent']).toBe(formatTraceparent(sent));
    const received = extractTrace(recordCarrier({ TraceParent: headers['traceparent'] }));
    withSpan('receive', { parent: received }, () => expect(currentTrace()?.traceId).toBe(sent.traceId));
  });

  it('survives awaits and does not leak out', async () => {
    const trace = newTrace();
    await withTrace(trace, async () => {
      await new SystemClock().sleep(1);
      expect(currentTrace()).toEqual(trace);
      withoutScope(() => expect(currentTrace()).toBeUndefined());
    });
    expect(currentTrace()).toBeUndefined();
  });

  it.each([
    ['garbage', 'nonsense'],
    ['an all-zero trace id', `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`],
    ['an all-zero span id', `00-${'1'.repeat(32)}-${'0'.repeat(16)}-01`],
    ['version ff', `ff-${'1'.repeat(32)}-${'1'.repeat(16)}-01`],
    ['upper case', `00-${'A'.repeat(32)}-${'1'.repeat(16)}-01`],
    ['more fields in version 00', `00-${'1'.repeat(32)}-${'1'.repeat(16)}-01-x`],
  ])('is refused when it is %s', (_what, text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  it('is read from later versions too', () => {
    expect(parseTraceparent(`cc-${'1'.repeat(32)}-${'2'.repeat(16)}-01-what-ever`)?.sampled).toBe(true);
  });

  it('is the one of the OpenTelemetry API, for code that uses that directly', async () => {
    const trace = newTrace();
    await withTrace(trace, async () => {
      await new SystemClock().sleep(1);
      expect(otelTrace.getSpanContext(context.active())?.traceId).toBe(trace.traceId);
    });
  });
});

describe('the trace of a saga', () => {
  const sagaId = new IdFactory(new SystemClock(), new SystemRandom()).newId('run');

  it('is the same in every process, made from the id alone', () => {
    const wanted = sagaId.slice(4).replaceAll('-', '');
    expect(traceOfSaga(sagaId).traceId).toBe(wanted);
    expect(traceOfSaga(sagaId).traceId).toBe(traceOfSaga(sagaId).traceId);
  });

  it('is on every log line written inside, with the saga and its step', () => {
    const { lines, log } = capture();
    inSaga(sagaId, { step: 'fence-source' }, () => log.info({ serverId: 'srv_1' }, 'confirmed off'));
    expect(lines[0]).toMatchObject({
      level: 'info',
      service: 'power',
      sagaId,
      step: 'fence-source',
      serverId: 'srv_1',
      traceId: traceOfSaga(sagaId).traceId,
      msg: 'confirmed off',
    });
  });
});

describe('a log line', () => {
  it('carries the fields bound around it, inner over outer, and its time', () => {
    const { lines, log } = capture();
    withFields({ run: 'a', actor: 'eve' }, () => withFields({ run: 'b' }, () => log.info('x')));
    expect(lines[0]).toMatchObject({ run: 'b', actor: 'eve', time: expect.stringMatching(/^\d{4}-.*Z$/) });
  });

  it('never shows a secret handed to it by mistake', () => {
    const { lines, log } = capture();
    log.info({ password: 'hunter2', bmc: { token: 'hunter2', address: '10.0.0.1' } }, 'signed in');
    expect(JSON.stringify(lines)).not.toContain('hunter2');
    expect(lines[0]).toMatchObject({ bmc: { address: '10.0.0.1' } });
  });

  it('tells code, details and causes of an error, and nothing else that hangs on it', () => {
    const { lines, log } = capture();
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', config: { auth: 'hunter2' } });
    log.error({ err: new AppError('power.unreachable', 'no answer', { details: { bmc: 'bmc_1' }, cause }) }, 'failed');
    expect(lines[0]?.['err']).toMatchObject({
      code: 'power.unreachable',
      details: { bmc: 'bmc_1' },
      cause: { code: 'ECONNREFUSED', message: 'refused' },
    });
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });
});

describe('metrics', () => {
  it('are rendered as Prometheus reads them', () => {
    const registry = new MetricsRegistry();
    registry.counter({ name: 'messages_total', help: 'Messages.\nAll.' }).add(2, { subject: 'a"b\\c' });
    const depth = registry.gauge({ name: 'outbox_depth', help: 'Rows waiting.' });
    depth.observe(() => 7);
    const spread = registry.histogram({ name: 'step_seconds', help: 'Steps.', buckets: [0.1, 1] });
    [0.05, 0.1, 0.5, 3].forEach((value) => spread.record(value, { step: 'stop' }));
    expect(registry.render()).toBe(
      [
        '# HELP rackwright_messages_total Messages.\\nAll.',
        '# TYPE rackwright_messages_total counter',
        'rackwright_messages_total{subject="a\\"b\\\\c"} 2',
        '# HELP rackwright_outbox_depth Rows waiting.',
        '# TYPE rackwright_outbox_depth gauge',
        'rackwright_outbox_depth 7',
        '# HELP rackwright_step_seconds Steps.',
        '# TYPE rackwright_step_seconds histogram',
        'rackwright_step_seconds_bucket{step="stop",le="0.1"} 2',
        'rackwright_step_seconds_bucket{step="stop",le="1"} 3',
        'rackwright_step_seconds_bucket{step="stop",le="+Inf"} 4',
        'rackwright_step_seconds_sum{step="stop"} 3.65',
        'rackwright_step_seconds_count{step="stop"} 4',
        '',
      ].join('\n'),
    );
  });

  it('may be declared by every module that counts, but not differently', () => {
    const registry = new MetricsRegistry();
    const one = registry.counter({ name: 'x_total', help: 'X.' });
    expect(registry.counter({ name: 'x_total', help: 'X.' })).toBe(one);
    expect(() => registry.gauge({ name: 'x_total', help: 'X.' })).toThrow('declared twice and differently');
    expect(() => registry.counter({ name: 'X-total', help: 'X.' })).toThrow('no metric name');
  });

  it('do not grow without bound when a label takes every value there is', () => {
    const registry = new MetricsRegistry();
    const counter = registry.counter({ name: 'y_total', help: 'Y.' });
    for (let index = 0; index < 1_500; index++) counter.add(1, { id: String(index) });
    expect(registry.render().split('\n').length).toBeLessThan(1_010);
    expect(registry.render()).toContain('rackwright_y_total{overflow="true"} 500');
  });

  it('counted through the OpenTelemetry API appear as well', () => {
    expect(showOtelMetrics()).toBe(true);
    const meter = otelMetrics.getMeter('x');
    meter.createCounter('rackwright_otel_total', { description: 'From the API.' }).add(3, { kind: 'a' });
    meter.createUpDownCounter('rackwright_otel_waiting').add(-2);
    meter.createHistogram('rackwright_otel_items', { advice: { explicitBucketBoundaries: [1, 2] } }).record(2);
    meter.createObservableGauge('rackwright_otel_rows').addCallback((result) => result.observe(9));
    const text = metrics.render();
    expect(text).toContain('rackwright_otel_total{kind="a"} 3');
    expect(text).toContain('rackwright_otel_waiting -2');
    expect(text).toContain('rackwright_otel_items_bucket{le="2"} 1');
    expect(text).toContain('rackwright_otel_rows 9');
  });
});

describe('tracing with nothing configured', () => {
  it('keeps the trace id all the same', async () => {
    expect(
      await startExport(
        { name: 'power', version: '1' },
        { endpoint: undefined, tracesEndpoint: undefined, logLevel: undefined },
      ),
    ).toBeUndefined();
    expect(isRecording()).toBe(false);
    const outer = withSpan('outer', {}, (span) =>
      withSpan('inner', {}, (inner) => [span.context, inner.context] as const),
    );
    expect(outer[0]).toEqual(outer[1]);
  });

  it('has no part of the SDK in anything that is loaded without an endpoint', async () => {
    const { metafile } = await build({
      entryPoints: [join(import.meta.dirname, 'index.ts')],
      bundle: true,
      splitting: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      outdir: 'nowhere',
      logLevel: 'silent',
    });
    await stop();
    const loaded = (chunk: string, kinds: readonly string[]): string[] => {
      const output = metafile.outputs[chunk];
      const next = (output?.imports ?? []).filter((imported) => !imported.external && kinds.includes(imported.kind));
      return [...Object.keys(output?.inputs ?? {}), ...next.flatMap((imported) => loaded(imported.path, kinds))];
    };
    const entry = Object.keys(metafile.outputs).find((name) => name.endsWith('/index.js')) ?? '';
    const sdk = (files: readonly string[]): string[] =>
      files.filter((file) => /opentelemetry\/(sdk|exporter|otlp)/.test(file));
    expect(sdk(loaded(entry, ['import-statement']))).toEqual([]);
    // The same search does find it behind the one dynamic import.
    expect(sdk(loaded(entry, ['import-statement', 'dynamic-import'])).length).toBeGreaterThan(10);
  });
});

describe('tracing with an endpoint', () => {
  let collector: Server;
  const received: string[] = [];
  beforeAll(async () => {
    collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push(`${request.url} ${Buffer.concat(chunks).toString('utf8')}`);
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void collector.close());

  it('sends spans of one trace with parents, links, saga and errors', async () => {
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    const handle = await startExport(
      { name: 'power', version: '1' },
      { endpoint, tracesEndpoint: undefined, logLevel: undefined },
    );
    expect(isRecording()).toBe(true);
    const other = newTrace();
    const sagaId = new IdFactory(new SystemClock(), new SystemRandom()).newId('run');
    const failing = inSaga(sagaId, {}, () =>
      withSpan('step', { kind: 'consumer', links: [other, undefined] }, async (span) => {
        expect(currentTrace()?.traceId).toBe(traceOfSaga(sagaId).traceId);
        expect(currentTrace()).toEqual(span.context);
        await withSpan('device call', { attributes: { 'server.address': '10.0.0.1' } }, () => Promise.resolve());
        throw new AppError('power.refused', 'no');
      }),
    );
    await expect(failing).rejects.toThrow('no');
    await handle?.stop();
    expect(isRecording()).toBe(false);
    expect(received.length).toBe(1);
    const body = JSON.parse((received[0] ?? '').replace('/v1/traces ', '')) as {
      resourceSpans: {
        scopeSpans: {
          spans: {
            name: string;
            traceId: string;
            spanId: string;
            parentSpanId?: string;
            links?: { traceId: string }[];
          }[];
        }[];
      }[];
    };
    const spans = body.resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans));
    const step = spans.find((span) => span.name === 'step');
    const call = spans.find((span) => span.name === 'device call');
    expect(step?.traceId).toBe(traceOfSaga(sagaId).traceId);
    expect(call?.parentSpanId).toBe(step?.spanId);
    expect(step?.links?.map((link) => link.traceId)).toEqual([other.traceId]);
    expect(received[0]).toContain('power.refused');
    expect(received[0]).toContain(sagaId);
  });
});
