import type { Kind, RackDocument } from './kinds.schema.js';

/** Something a document names and that must exist: in the same stream or already. */
export interface Reference {
  /** Any of these kinds may have the name. */
  readonly kinds: readonly Kind[];
  readonly name: string;
  /** Where in the document, as a JSON pointer. */
  readonly path: string;
}

/** Everything a document refers to. Pure. */
export function referencesOf(document: RackDocument): Reference[] {
  const found: Reference[] = [];
  const add = (name: string | undefined, path: string, ...kinds: Kind[]): void => {
    if (name !== undefined) found.push({ kinds, name, path: `/spec${path}` });
  };
  switch (document.kind) {
    case 'NetworkSet':
      document.spec.networks.forEach((name, index) => add(name, `/networks/${index}`, 'Network'));
      break;
    case 'Switch':
    case 'Fabric':
    case 'Array':
      add(document.spec.site, '/site', 'Site');
      break;
    case 'Volume':
      add(document.spec.array, '/array', 'Array');
      break;
    case 'Server':
      add(document.spec.site, '/site', 'Site');
      add(document.spec.pool, '/pool', 'ServerPool');
      add(document.spec.bmc, '/bmc', 'Bmc');
      document.spec.cabling.forEach((end, index) => add(end.device, `/cabling/${index}/device`, 'Switch', 'Fabric'));
      break;
    case 'ServerProfile':
      add(document.spec.qualification.pool, '/qualification/pool', 'ServerPool');
      document.spec.vnics.forEach((vnic, index) => {
        add(vnic.native, `/vnics/${index}/native`, 'Network');
        vnic.tagged.forEach((name, at) => add(name, `/vnics/${index}/tagged/${at}`, 'Network'));
        add(vnic.networkSet, `/vnics/${index}/networkSet`, 'NetworkSet');
      });
      document.spec.vhbas.forEach((vhba, index) => add(vhba.fabric, `/vhbas/${index}/fabric`, 'Fabric'));
      document.spec.volumes.forEach((volume, index) => add(volume.volume, `/volumes/${index}/volume`, 'Volume'));
      break;
    case 'Site':
    case 'ServerPool':
    case 'Network':
    case 'MacPool':
    case 'WwnPool':
    case 'IqnPool':
    case 'Bmc':
      break;
  }
  return found;
}
