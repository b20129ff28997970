import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import Console from './Console.svelte';

const target = document.getElementById('console');
if (target === null) throw new Error('the page has no #console');
mount(Console, { target });
