import type { FaceFactory } from '../face.js';
import { arrayFace } from './array/index.js';
import { fabricFace } from './fabric/index.js';
import { redfishFace } from './redfish/index.js';
import { switchFace } from './switch/index.js';

/** Every protocol the simulator speaks; a new one is a folder here and a line in this table. */
export const FACES: Readonly<Record<string, FaceFactory>> = {
  redfish: redfishFace,
  switch: switchFace,
  fabric: fabricFace,
  array: arrayFace,
};
