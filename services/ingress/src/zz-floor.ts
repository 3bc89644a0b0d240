import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import fastify from 'fastify'
if (process.argv[2]==='child') { const app=fastify(); app.post('/v1/chat/completions',async()=>({ok:1})); await app.listen({port:0}); process.send!({url:'http://127.0.0.1:'+(app.server.address() as {port:number}).port}) }
else {
const child=fork(new URL(import.meta.url),['child']); const url:string=await new Promise(r=>child.on('message',(m:any)=>r(m.url)))
const cpu=()=>{const f=readFileSync(`/proc/${child.pid}/stat`,'utf8').split(') ')[1]!.split(' '); return (Number(f[11])+Number(f[12]))*10}
const conc=64, agent=new Agent({keepAlive:true,maxSockets:conc})
const body=JSON.stringify({model:'bench',temperature:0.2,messages:[{role:'system',content:'You are helpful.'},{role:'user',content:'Tell me about railways. '.repeat(30)}]})
const once=()=>new Promise<void>((resolve,reject)=>{const r=request(url+'/v1/chat/completions',{agent,method:'POST',headers:{'content-type':'application/json','content-length':Buffer.byteLength(body)}},res=>{ res.resume(); res.on('end',resolve)}); r.on('error',reject); r.end(body)})
async function run(count:number){ let left=count; await Promise.all(Array.from({length:conc},async()=>{while(left-->0) await once()})) }
await run(3000)
for(let i=0;i<4;i++){const c0=cpu(),t0=performance.now(); await run(8000); console.log('floor',(8000/(performance.now()-t0)*1000).toFixed(0),'cpu us',((cpu()-c0)*1000/8000).toFixed(0))}
process.exit(0)}
