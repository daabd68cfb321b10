import{R as e,u as m}from"./form-B0Cscuje.js";import{S as n}from"./signed-in-q5kNsasB.js";e(m(n,{children:null}),document.getElementById("page"));
