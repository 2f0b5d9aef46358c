// Devices: live weights and the work on a scale; a camera's areas have a page of their own.

import { watch } from "./bench.js";

watch();
