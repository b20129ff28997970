import { DecodeJobs } from '../codec/decode-jobs';
import { decompressRequestSchema } from '../codec/job';
import { connectParent } from './parent';
import { serve } from './serve';

serve(connectParent(), decompressRequestSchema, DecodeJobs);
