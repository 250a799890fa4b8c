import { describe, expect, it } from '@jest/globals';
import { listeningPort } from '../supervisor/listening-port.js';
import { renderLine } from './log-lines.js';

const now = new Date(2026, 0, 1, 12, 0, 1);
const render = (line: string): string => renderLine('power', line, { now, colour: false }).text;

describe('a rendered log line', () => {
  it('shows time, service, level, message and the fields a person may need', () => {
    const line = JSON.stringify({
      level: 40,
      time: now.getTime(),
      service: 'power',
      pid: 7,
      msg: 'slow',
      server: 'srv_1',
    });
    expect(render(line)).toBe('12:00:01 power            warn  slow  server=srv_1');
  });

  it('leaves lines of other programs as they are and recognises their levels', () => {
    expect(render('2026-01-01 FATAL:  could not bind')).toContain('fatal 2026-01-01 FATAL:  could not bind');
    expect(render('[7] [WRN] slow consumer')).toContain('warn ');
    expect(render('{ not json')).toContain('info  { not json');
  });

  it('shows what an error said', () => {
    expect(render(JSON.stringify({ level: 50, msg: 'failed', err: { message: 'no route' } }))).toContain(
      'error: no route',
    );
  });
});

describe('the port in a log line', () => {
  it('is read from JSON fields only', () => {
    expect(listeningPort('{"event":"listening","port":8080}')).toBe(8080);
    for (const line of ['listening on port 80', '{"event":"listening","port":"80"}', '{"port":80}', '{"port":']) {
      expect(listeningPort(line)).toBeUndefined();
    }
  });
});
