import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DeviceEndpoint, TlsTrust } from '@rackwright/driver-core';
import { createRedfishDriver, type RedfishDriver } from './index.js';
import {
  callWithin,
  CREDENTIAL,
  furnish,
  sendJson,
  sendMessage,
  systemIn,
  TestBmc,
  type Intercept,
} from './testing/test-bmc.js';

const SYSTEM_PATH = '/redfish/v1/Systems/1';

describe('Redfish driver against a hostile device', () => {
  let bmc: TestBmc;
  let drivers: RedfishDriver[] = [];

  const driverWith = (trust: TlsTrust, more: Partial<DeviceEndpoint> = {}): RedfishDriver => {
    const driver = createRedfishDriver({ endpoint: { address: bmc.address, credential: CREDENTIAL, trust, ...more } });
    drivers.push(driver);
    return driver;
  };
  const pinned = (): RedfishDriver => driverWith({ kind: 'pin', sha256: bmc.certificate.sha256 });
  /** Answers the system resource in its own way and counts how often it did: a fault must be shown to have fired. */
  const onSystem = (answer: (...args: Parameters<Intercept>) => void): { fired: number } => {
    const state = { fired: 0 };
    bmc.intercept = (got, response) => {
      if (got.path !== SYSTEM_PATH || got.method !== 'GET') return false;
      state.fired += 1;
      answer(got, response);
      return true;
    };
    return state;
  };

  beforeEach(async () => {
    drivers = [];
    bmc = await new TestBmc().start();
    furnish(bmc);
  });
  afterEach(async () => {
    await Promise.all(drivers.map((driver) => driver.close()));
    await bmc.stop();
  });

  it('sends no credential to a certificate other than the pinned one', async () => {
    const driver = pinned();
    await bmc.changeCertificate();
    const result = await driver.ensurePower('off', 'force', callWithin(5_000));
    expect(result).toMatchObject({ kind: 'refused', code: 'device.certificate-changed' });
    expect(bmc.got).toHaveLength(0);
    expect(bmc.received).toBe('');
  });

  it('sends no token of the old session when the certificate changes between two calls', async () => {
    const driver = pinned();
    expect((await driver.readPower(callWithin(5_000))).kind).toBe('done');
    await bmc.changeCertificate();
    bmc.received = '';
    expect(await driver.readPower(callWithin(5_000))).toMatchObject({ code: 'device.certificate-changed' });
    expect(bmc.received).toBe('');
  });

  it('reports the fingerprint at first use and sends no credential before it is pinned', async () => {
    let seen = '';
    const driver = driverWith({ kind: 'first-use', onFirstUse: (sha256) => (seen = sha256) });
    expect(await driver.readPower(callWithin(5_000))).toMatchObject({ code: 'device.certificate-not-pinned' });
    expect(seen).toBe(bmc.certificate.sha256.replaceAll(':', '').toLowerCase());
    expect((await driver.identify(callWithin(5_000))).kind).toBe('done');
    expect(bmc.received).not.toContain(CREDENTIAL.password);
    expect(bmc.received).not.toContain('authorization');
    expect((await driverWith({ kind: 'pin', sha256: seen }).readPower(callWithin(5_000))).kind).toBe('done');
  });

  it('trusts a certificate of the given CA and no other', async () => {
    const ca = driverWith({ kind: 'ca', caPem: bmc.certificate.cert });
    expect((await ca.readPower(callWithin(5_000))).kind).toBe('done');
    await bmc.changeCertificate();
    bmc.received = '';
    const other = await ca.readPower(callWithin(5_000));
    expect(other).toMatchObject({ kind: 'refused', code: 'device.certificate-untrusted' });
    expect(bmc.received).toBe('');
  });

  it.each([301, 302, 307, 308])('does not follow a redirect (%i) and says so', async (status) => {
    const elsewhere = await new TestBmc().start();
    const fault = onSystem((_got, response) =>
      response.writeHead(status, { location: `${elsewhere.address}/steal` }).end(),
    );
    expect(await pinned().readPower(callWithin(5_000))).toMatchObject({ kind: 'refused', code: 'redfish.redirect' });
    expect(fault.fired).toBe(1);
    expect(elsewhere.received).toBe('');
    await elsewhere.stop();
  });

  it('does not follow links to another origin', async () => {
    const elsewhere = await new TestBmc().start();
    bmc.tree.set('/redfish/v1/Systems', { Members: [{ '@odata.id': `${elsewhere.address}/redfish/v1/Systems/1` }] });
    expect(await pinned().readPower(callWithin(5_000))).toMatchObject({
      kind: 'refused',
      code: 'redfish.foreign-link',
    });
    systemIn(bmc)['Actions'] = {
      '#ComputerSystem.Reset': { target: `//127.0.0.1:${new URL(elsewhere.address).port}/reset` },
    };
    bmc.tree.set('/redfish/v1/Systems', { Members: [{ '@odata.id': SYSTEM_PATH }] });
    const off = await pinned().ensurePower('off', 'force', callWithin(5_000));
    expect(off).toMatchObject({ kind: 'refused', code: 'redfish.foreign-link' });
    expect(elsewhere.received).toBe('');
    await elsewhere.stop();
  });

  it('does not send the password to a session service of another origin', async () => {
    const elsewhere = await new TestBmc().start();
    furnish(bmc, 'BOARD-1', {
      Links: { Sessions: { '@odata.id': `${elsewhere.address}/redfish/v1/SessionService/Sessions` } },
    });
    await pinned().readPower(callWithin(5_000));
    expect(elsewhere.received).toBe('');
    await elsewhere.stop();
  });

  it.each<[string, string]>([
    ['an HTML page', '<html><body>please wait</body></html>'],
    ['half a document', '{"PowerState":"Off","Boot":{'],
    ['nothing', ''],
    ['a list', '[{"PowerState":"Off"}]'],
    ['a tower of brackets', `{"PowerState":"Off","a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`],
  ])('calls %s with status 200 unparseable, never off', async (_name, body) => {
    const fault = onSystem((_got, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(body),
    );
    expect(await pinned().readPower(callWithin(5_000))).toMatchObject({ kind: 'unknown', why: 'unparseable' });
    expect(fault.fired).toBe(1);
  });

  it('stops reading a body that does not end', async () => {
    const fault = onSystem((_got, response) => {
      response.writeHead(200);
      const block = Buffer.alloc(1024 * 1024, 0x20);
      const more = (): void => void (response.destroyed || response.write(block, more));
      more();
    });
    expect(await pinned().readPower(callWithin(10_000))).toMatchObject({ kind: 'unknown', why: 'unparseable' });
    expect(fault.fired).toBe(1);
  });

  it('gives up at the deadline on a device that takes the request and never answers', async () => {
    const fault = onSystem(() => undefined);
    expect(await pinned().readPower(callWithin(700))).toMatchObject({ kind: 'unknown', why: 'timeout' });
    expect(fault.fired).toBe(1);
  });

  it('says lost-response, not done, when the connection breaks after the reset was sent', async () => {
    bmc.intercept = (got, response) => {
      if (!got.path.endsWith('ComputerSystem.Reset')) return false;
      systemIn(bmc)['PowerState'] = 'Off';
      response.destroy();
      return true;
    };
    const driver = pinned();
    expect(await driver.ensurePower('off', 'force', callWithin(5_000))).toMatchObject({
      kind: 'unknown',
      why: 'lost-response',
    });
    expect(await driver.ensurePower('off', 'force', callWithin(5_000))).toMatchObject({ kind: 'done', changed: false });
  });

  it('logs in again once after a 401 and then gives up', async () => {
    const fault = onSystem((_got, response) => sendMessage(response, 401, 'Base.1.0.NoValidSession'));
    expect(await pinned().readPower(callWithin(5_000))).toMatchObject({
      kind: 'refused',
      code: 'device.bad-credentials',
    });
    expect(fault.fired).toBe(2);
    expect(bmc.logins).toBe(2);
  });

  it('replays on a new session when the old one expired', async () => {
    const driver = pinned();
    await driver.readPower(callWithin(5_000));
    bmc.tokens.clear();
    expect((await driver.readPower(callWithin(5_000))).kind).toBe('done');
    expect(bmc.logins).toBe(2);
  });

  it.each<[string, Record<string, string>, number]>([
    ['IDRAC.2.8.RAC0218', {}, 5_000],
    ['Base.1.12.SessionLimitExceeded', { 'retry-after': '42' }, 42_000],
  ])('says busy when no session is left (%s)', async (messageId, headers, retryAfterMs) => {
    bmc.intercept = (got, response) => {
      if (got.method !== 'POST') return false;
      sendMessage(response, 503, messageId, headers);
      return true;
    };
    expect(await pinned().readPower(callWithin(5_000))).toMatchObject({ kind: 'busy', retryAfterMs });
  });

  it('falls back to basic authentication where there is no session service', async () => {
    bmc.intercept = (got, response) => {
      if (got.path.endsWith('/Sessions')) sendMessage(response, 404, 'Base.1.0.ResourceMissingAtURI');
      else if (got.headers.authorization !== undefined) sendJson(response, 200, bmc.tree.get(got.path) ?? {});
      else return false;
      return true;
    };
    expect((await pinned().readPower(callWithin(5_000))).kind).toBe('done');
  });

  it('ends its session on close, and can be closed twice', async () => {
    const driver = pinned();
    await driver.readPower(callWithin(5_000));
    await driver.close();
    await driver.close();
    expect(bmc.tokens.size).toBe(0);
    expect(bmc.sends('DELETE')).toHaveLength(1);
  });

  it('says unknown for a device that is not there', async () => {
    await bmc.stop();
    expect((await pinned().readPower(callWithin(2_000))).kind).toBe('unknown');
  });

  it.each([null, 7, 'text', [], { Members: 'none' }, { Members: [null, 3, {}, { '@odata.id': 9 }] }])(
    'survives an odd shape (%j) anywhere in the tree',
    async (odd) => {
      for (const key of ['Boot', 'Links', 'Processors', 'EthernetInterfaces', 'ProcessorSummary', 'Actions']) {
        systemIn(bmc)[key] = odd;
      }
      const adapters = bmc.tree.get('/redfish/v1/Chassis/1/NetworkAdapters') ?? {};
      adapters['Members'] = odd;
      expect((await pinned().readFacts(callWithin(5_000))).kind).toBe('done');
    },
  );

  it('refuses an address that is not https', () => {
    expect(() => createRedfishDriver({ endpoint: { address: 'http://10.0.0.1' } })).toThrow(/https/);
  });
});
