import{R as e,u as m}from"./sign-in-CQpctdy7.js";import{S as n}from"./signed-in-B1F0jOGi.js";e(m(n,{children:null}),document.getElementById("page"));
