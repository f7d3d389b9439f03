// First of all: its questions are on their way while everything below is put together.
import "./ask-first";
import { createPinia } from "pinia";
import { createApp } from "vue";
import "@/shared/theme.css";
import App from "./App.vue";
import { makeI18n } from "./i18n";
import { makeRouter } from "./router";

createApp(App).use(createPinia()).use(makeI18n()).use(makeRouter()).mount("#app");
