export const id=9688;export const ids=[9688];export const modules={9688:(o,e,n)=>{n.r(e),n.d(e,{jsonl:()=>s});let s={name:"jsonl",extension:"jsonl",head:"",encode:({json:o})=>`${o}
`}}};