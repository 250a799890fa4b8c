import type { DeviceCall } from '@rackwright/driver-core';
import { CallEnded } from './call-end.js';
import { at, link, list, samePath } from './fields.js';
import type { RedfishClient, Resource } from './redfish-client.js';
import type { JsonObject } from '../transport/safe-json.js';

const PAGES_MAX = 64;
const MEMBERS_MAX = 1_024;

/**
 * One tolerant walk over a device: every resource is read once, and a part that cannot be read is a gap to tell people
 * about instead of the end of the walk. What ends the walk: no answer in time, no permission, a busy device.
 */
export class ReadScope {
  private readonly read_ = new Map<string, Promise<Resource | undefined>>();
  private readonly gapSet = new Set<string>();

  constructor(
    readonly client: RedfishClient,
    readonly call: DeviceCall,
  ) {}

  get gaps(): readonly string[] {
    return [...this.gapSet];
  }

  gap(text: string): void {
    this.gapSet.add(text);
  }

  /** A resource behind a link; undefined (and a gap) when it is not there or cannot be made out. */
  async get(uri: string | undefined): Promise<Resource | undefined> {
    if (uri === undefined) return undefined;
    const path = this.client.tryResolve(uri);
    if (path === undefined) {
      this.gap('a link that leads to another origin was not followed');
      return undefined;
    }
    const key = path.replace(/\/+$/, '');
    const known = this.read_.get(key);
    if (known) return known;
    const reading = this.tolerant(path);
    this.read_.set(key, reading);
    return reading;
  }

  /** The resource a property links to. */
  async follow(from: JsonObject | undefined, ...path: readonly string[]): Promise<Resource | undefined> {
    return this.get(link(at(from, ...path)));
  }

  /** Every member of a collection that can be read, over all pages; members given in place (`$expand`) are taken as they are. */
  async members(collection: string | undefined): Promise<readonly Resource[]> {
    const found: Resource[] = [];
    for (const entry of await this.memberEntries(collection)) {
      const uri = link(entry);
      if (uri === undefined || found.some((resource) => samePath(resource.uri, uri))) continue;
      const resource = await this.get(uri);
      if (resource) found.push(resource);
    }
    return found;
  }

  /** The member links of a collection, over all pages, without reading the members. */
  async memberLinks(collection: string | undefined): Promise<readonly string[]> {
    const uris = (await this.memberEntries(collection)).flatMap((entry) => link(entry) ?? []);
    return uris.filter((uri, index) => uris.findIndex((other) => samePath(other, uri)) === index);
  }

  private async memberEntries(collection: string | undefined): Promise<readonly unknown[]> {
    const entries: unknown[] = [];
    const pages = new Set<string>();
    let next = collection;
    while (next !== undefined && !pages.has(next) && pages.size < PAGES_MAX && entries.length < MEMBERS_MAX) {
      pages.add(next);
      const page: Resource | undefined = await this.get(next);
      entries.push(...list(at(page?.body, 'Members')));
      next = link(at(page?.body, 'Members@odata.nextLink')) ?? link(at(page?.body, '@odata.nextLink'));
    }
    return entries.slice(0, MEMBERS_MAX);
  }

  private async tolerant(path: string): Promise<Resource | undefined> {
    try {
      const resource = await this.client.read(path, this.call);
      if (resource === undefined) this.gap(`dead link: ${path}`);
      return resource;
    } catch (error) {
      if (!(error instanceof CallEnded)) throw error;
      const { end } = error;
      const isLocal =
        (end.kind === 'unknown' && (end.why === 'unparseable' || end.why === 'not-settled')) ||
        (end.kind === 'refused' && (end.code === 'device.forbidden' || end.code === 'redfish.redirect'));
      if (!isLocal) throw error;
      this.gap(`unreadable: ${path} (${end.message})`);
      return undefined;
    }
  }
}
