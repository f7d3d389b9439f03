/** Read and run before everything else: see `opening.ts`. */
import { askFirst } from "./opening";

askFirst();
