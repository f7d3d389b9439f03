/** Run before the rest of the page: see `opening.ts`. */
import { askFirst } from "./opening";

askFirst();
