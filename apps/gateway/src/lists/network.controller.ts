import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { network, storageIdentity as storage } from '@rackwright/contracts';
import { z } from 'zod';
import { RequiresRole } from '../access/access.guard.js';
import { Asker } from '../asking/asker.service.js';
import { checked } from '../http/checked.js';
import { listOf, paged, pageQuery, whole } from '../http/pages.js';
import type { GatewayRequest, Response } from '../http/request-types.js';
import { Describes } from '../openapi/describes.js';

const pages = z.strictObject(pageQuery);

/** Networks, storage and where identities come from. */
@Controller('api/v1')
export class NetworkController {
  constructor(private readonly asker: Asker) {}

  @Get('networks')
  @RequiresRole('viewer')
  @Describes({
    id: 'listNetworks',
    tag: 'Network',
    summary: 'Networks and the profiles in them',
    query: pages,
    result: network.listNetworks.result,
    problems: [422],
  })
  async networks(@Query() query: unknown, @Req() req: GatewayRequest, @Res({ passthrough: true }) res: Response) {
    return paged(await this.asker.query(network.listNetworks, checked(pages, query)), req, res);
  }

  @Get('network-sets')
  @RequiresRole('viewer')
  @Describes({
    id: 'listNetworkSets',
    tag: 'Network',
    summary: 'Network sets',
    result: listOf(network.listNetworkSets.result.shape.items.element),
  })
  async networkSets() {
    return whole(await this.asker.query(network.listNetworkSets, {}));
  }

  @Get('mac-pools')
  @RequiresRole('viewer')
  @Describes({
    id: 'listMacPools',
    tag: 'Network',
    summary: 'MAC pools and how full they are',
    result: listOf(network.listMacPools.result.shape.items.element),
  })
  async macPools() {
    return whole(await this.asker.query(network.listMacPools, {}));
  }

  @Get('switches')
  @RequiresRole('viewer')
  @Describes({
    id: 'listSwitches',
    tag: 'Network',
    summary: 'Switches with their last reading',
    result: listOf(network.listSwitches.result.shape.items.element),
  })
  async switches() {
    return whole(await this.asker.query(network.listSwitches, {}));
  }

  @Get('switches/:name/ports')
  @RequiresRole('viewer')
  @Describes({
    id: 'listSwitchPorts',
    tag: 'Network',
    summary: 'Ports of a switch as last read',
    result: listOf(network.getSwitchPorts.result.shape.ports.element).extend({
      readAt: z.iso.datetime({ offset: true }).optional(),
    }),
    problems: [404],
  })
  async switchPorts(@Param('name') name: string) {
    const { ports, readAt } = await this.asker.query(network.getSwitchPorts, { name });
    return { ...whole({ items: ports }), ...(readAt !== undefined && { readAt }) };
  }

  @Get('wwn-pools')
  @RequiresRole('viewer')
  @Describes({
    id: 'listWwnPools',
    tag: 'Storage',
    summary: 'WWN and IQN pools and how full they are',
    result: listOf(storage.listWwnPools.result.shape.items.element),
  })
  async wwnPools() {
    return whole(await this.asker.query(storage.listWwnPools, {}));
  }

  @Get('fabrics')
  @RequiresRole('viewer')
  @Describes({
    id: 'listFabrics',
    tag: 'Storage',
    summary: 'Fibre Channel fabrics with their last reading',
    result: listOf(storage.listFabrics.result.shape.items.element),
  })
  async fabrics() {
    return whole(await this.asker.query(storage.listFabrics, {}));
  }

  @Get('arrays')
  @RequiresRole('viewer')
  @Describes({
    id: 'listArrays',
    tag: 'Storage',
    summary: 'Storage arrays with their last reading',
    result: listOf(storage.listArrays.result.shape.items.element),
  })
  async arrays() {
    return whole(await this.asker.query(storage.listArrays, {}));
  }

  @Get('volumes')
  @RequiresRole('viewer')
  @Describes({
    id: 'listVolumes',
    tag: 'Storage',
    summary: 'Volumes and who uses them',
    query: pages,
    result: storage.listVolumes.result,
    problems: [422],
  })
  async volumes(@Query() query: unknown, @Req() req: GatewayRequest, @Res({ passthrough: true }) res: Response) {
    return paged(await this.asker.query(storage.listVolumes, checked(pages, query)), req, res);
  }
}
