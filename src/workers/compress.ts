import { EncodeJobs } from '../codec/encode-jobs';
import { compressRequestSchema } from '../codec/job';
import { connectParent } from './parent';
import { serve } from './serve';

serve(connectParent(), compressRequestSchema, EncodeJobs);
